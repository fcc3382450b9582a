// Keeps the page as the desk knows it: one event stream, one fragment, only what differs is replaced. No other host.
"use strict";
(() => {
  const live = document.getElementById("live");
  const link = document.getElementById("link");
  const said = document.getElementById("said");
  const failed = document.getElementById("failed");
  const sound = document.getElementById("sound");
  let audio = null;
  let fetching = false;
  let again = false;

  const byId = (id) => document.getElementById(id);
  const count = (id) => Number(byId(id)?.dataset.count ?? 0);

  // -- sound ------------------------------------------------------------------------------------------------
  const audible = () => audio !== null && audio.state === "running";
  function showSound() {
    sound.setAttribute("aria-pressed", String(audible()));
    sound.textContent = audible() ? "音：入" : "音：切";
  }
  function beep() {
    if (!audible()) return;
    document.body.dataset.beeps = String(Number(document.body.dataset.beeps ?? 0) + 1);
    for (const start of [0, 0.28]) {
      const tone = audio.createOscillator();
      const gain = audio.createGain();
      tone.frequency.value = 880;
      gain.gain.setValueAtTime(0.0001, audio.currentTime + start);
      gain.gain.exponentialRampToValueAtTime(0.25, audio.currentTime + start + 0.02);
      gain.gain.exponentialRampToValueAtTime(0.0001, audio.currentTime + start + 0.2);
      tone.connect(gain).connect(audio.destination);
      tone.start(audio.currentTime + start);
      tone.stop(audio.currentTime + start + 0.22);
    }
  }
  async function soundOn(on) {
    if (on) {
      audio ??= new AudioContext();
      await audio.resume();
    } else if (audio !== null) {
      await audio.suspend();
    }
    showSound();
  }
  sound.addEventListener("click", async () => {
    const on = !audible();
    localStorage.setItem("sound", on ? "on" : "off");
    await soundOn(on);
    if (on) beep();
  });
  // A browser lets a page make sound only after a touch or key; the first one anywhere switches it on again.
  const first = (event) => {
    if (localStorage.getItem("sound") !== "off" && !sound.contains(event.target)) soundOn(true);
  };
  addEventListener("pointerdown", first, { once: true });
  addEventListener("keydown", first, { once: true });
  showSound();

  // -- refresh ----------------------------------------------------------------------------------------------
  function keepChoices(old, fresh) {
    for (const select of old.querySelectorAll("select[id]")) {
      const same = fresh.querySelector(`#${CSS.escape(select.id)}`);
      if (same) same.value = select.value;
    }
    for (const details of old.querySelectorAll("details[id][open]")) {
      const same = fresh.querySelector(`#${CSS.escape(details.id)}`);
      if (same) same.open = true;
    }
  }
  function exchange(old, fresh) {
    const focus = old.contains(document.activeElement) ? document.activeElement.id : "";
    const scroll = old.querySelector(".scroll")?.scrollTop ?? 0;
    keepChoices(old, fresh);
    old.replaceWith(fresh);
    const box = fresh.querySelector(".scroll");
    if (box) box.scrollTop = scroll;
    if (focus) {
      const target = byId(focus) ?? fresh.querySelector("button, a, select") ?? fresh.querySelector("h2, h3");
      target?.focus({ preventScroll: true });
    }
  }
  const sources = new Map();
  for (const part of live.querySelectorAll("[data-part]")) sources.set(part.id, part.outerHTML);

  function show(html) {
    const page = new DOMParser().parseFromString(`<main>${html}</main>`, "text/html").querySelector("main");
    const alerts = count("part-alerts");
    const patients = count("part-patients");
    const parts = [...page.querySelectorAll("[data-part]")];
    const known = parts.every((part) => byId(part.id)) && parts.length === live.querySelectorAll("[data-part]").length;
    if (known) {
      for (const part of parts) {
        const source = part.outerHTML;
        if (sources.get(part.id) !== source) {
          sources.set(part.id, source);
          exchange(byId(part.id), document.adoptNode(part));
        }
      }
    } else {
      const focus = document.activeElement?.id;
      keepChoices(live, page);
      sources.clear();
      for (const part of parts) sources.set(part.id, part.outerHTML);
      live.replaceChildren(...page.childNodes);
      if (focus) byId(focus)?.focus({ preventScroll: true });
    }
    tick();
    if (count("part-alerts") > alerts) {
      said.textContent = `新しいお知らせがあります。${document.querySelector(".alert h3")?.textContent.trim() ?? ""}`;
      beep();
    } else if (count("part-patients") > patients) {
      said.textContent = `患者さんです。${byId("part-patients").dataset.last}`;
    }
  }
  async function refresh() {
    if (fetching) { again = true; return; }
    fetching = true;
    try {
      const answer = await fetch("/live", { cache: "no-store" });
      if (answer.status === 401) { location.assign("/login"); return; }
      if (answer.ok) show(await answer.text());
    } catch {
      online(false);
    } finally {
      fetching = false;
      if (again) { again = false; refresh(); }
    }
  }

  // -- operations without leaving the page ------------------------------------------------------------------
  live.addEventListener("submit", async (event) => {
    event.preventDefault();
    const form = event.target;
    if (form.dataset.busy) return; // not "disabled": a disabled button loses the focus
    form.dataset.busy = "yes";
    failed.textContent = "";
    try {
      const answer = await fetch(form.action, { method: "POST", body: new URLSearchParams(new FormData(form)) });
      if (!answer.ok) failed.textContent = await answer.text();
    } catch {
      failed.textContent = "受付ソフトとつながっていません。動いているか見てください。";
    }
    delete form.dataset.busy;
    refresh();
  });

  // -- link and clock ---------------------------------------------------------------------------------------
  function online(yes) {
    link.className = yes ? "link" : "link off";
    const words = yes ? "つながっています" : "受付ソフトとつながっていません";
    if (link.textContent !== words) link.textContent = words;
  }
  let heard = 0;
  const events = new EventSource("/events");
  const alive = () => { heard = Date.now(); online(true); };
  events.addEventListener("open", alive);
  events.addEventListener("beat", alive);
  events.addEventListener("change", () => { alive(); refresh(); });
  events.addEventListener("over", () => location.assign("/login"));
  events.addEventListener("error", () => { online(false); if (events.readyState === 2) refresh(); });

  function tick() {
    const now = new Date();
    byId("clock").textContent = now.toLocaleTimeString("ja-JP", { hour: "2-digit", minute: "2-digit", timeZone: "Asia/Tokyo" });
    for (const left of document.querySelectorAll("[data-until]")) {
      const s = Math.max(0, Math.round(Number(left.dataset.until) - now / 1000));
      left.textContent = `${Math.floor(s / 60)}:${String(s % 60).padStart(2, "0")}`;
    }
    if (heard && now - heard > 40000) online(false);
  }
  tick();
  setInterval(tick, 1000);
  setInterval(refresh, 30000);
})();
