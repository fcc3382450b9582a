"""The virtual camera is a camera like any other: paced, adjustable, and it fails in known ways."""

from __future__ import annotations

import numpy as np
import pytest
from hw_sim.camera.clip import record
from hw_sim.camera.pace import VirtualPace
from hw_sim.camera.virtual import CameraFault, VirtualCamera, open_camera
from hw_sim.people.person import Person
from hw_sim.people.raster import Lens
from hw_sim.people.scene import Light, Scene, light_step, standing, still

from reader.devices.ports import Camera, DeviceError, DeviceGone, DeviceTimeout, LightRequest
from reader.devices.registry import installed

SMALL = Lens(320, 240)
FACE = (0.4, 0.3, 0.2, 0.3)


@pytest.fixture
def camera(somebody: Person) -> VirtualCamera:
    made = VirtualCamera(standing(somebody), VirtualPace(100.0), SMALL)
    made.start()
    return made


def test_it_is_a_camera_of_the_registry() -> None:
    made: Camera = open_camera({"person": "nobody"})
    assert isinstance(made, VirtualCamera)
    assert "virtual" in installed("camera")


def test_frames_come_thirty_times_a_second_and_count_up(camera: VirtualCamera) -> None:
    frames = [camera.capture(1.0) for _ in range(4)]
    assert [frame.number for frame in frames] == [1, 2, 3, 4]
    assert np.diff([frame.at for frame in frames]) == pytest.approx([1 / 30] * 3)
    assert frames[0].at == pytest.approx(100.0)
    assert frames[0].pixels.shape == (240, 320, 3)
    assert frames[0].exposure_us is not None


def test_a_late_reader_gets_the_newest_frame_not_the_missed_ones(camera: VirtualCamera) -> None:
    camera.capture(1.0)
    camera.pace.wait_until(102.0)
    assert camera.capture(1.0).at == pytest.approx(102.0, abs=1 / 30)


def test_before_start_and_after_stop_it_is_gone(camera: VirtualCamera) -> None:
    camera.stop()
    with pytest.raises(DeviceGone):
        camera.capture(1.0)
    camera.start()
    assert camera.capture(1.0).pixels.any()


def test_two_cameras_before_the_same_scene_see_the_same(somebody: Person) -> None:
    one, two = (record(standing(somebody), 0.1, lens=SMALL) for _ in range(2))
    assert [frame.at for frame in one] == pytest.approx([0.0, 1 / 30, 2 / 30])
    assert all(np.array_equal(a.pixels, b.pixels) for a, b in zip(one, two, strict=True))


def settled(camera: VirtualCamera, request: LightRequest) -> tuple[float, float]:
    """Return mean code values of face and whole picture once exposure has settled."""
    camera.adjust(request)
    for _ in range(25):
        pixels = camera.capture(1.0).pixels
    return float(pixels[75:145, 135:185].mean()), float(pixels.mean())


@pytest.mark.parametrize("lux", [50.0, 300.0, 5_000.0])
def test_auto_exposure_finds_the_same_brightness_in_any_light(somebody: Person, lux: float) -> None:
    light = Light(ambient=lux, front=lux / 3, back=lux)
    camera = VirtualCamera(standing(somebody, light=light), VirtualPace(), SMALL)
    camera.start()
    _, whole = settled(camera, LightRequest())
    assert 95 < whole < 150


def test_the_light_loop_is_closed_region_compensation_and_fill_all_act_on_a_face_before_a_window(
    somebody: Person,
) -> None:
    camera = VirtualCamera(standing(somebody, light="back"), VirtualPace(), SMALL)
    camera.start()
    dark, _ = settled(camera, LightRequest())
    metered, _ = settled(camera, LightRequest(region=FACE))
    brighter, _ = settled(camera, LightRequest(region=FACE, ev=1.0))
    assert dark < 70
    assert metered > dark + 40
    assert brighter > metered + 20
    face, whole = settled(camera, LightRequest(ev=-1.0))
    lit_face, lit_whole = settled(camera, LightRequest(ev=-1.0, fill=1.0))
    assert lit_face / lit_whole > 1.3 * face / whole


def test_exposure_follows_a_step_of_light_within_half_a_second(somebody: Person) -> None:
    scene = light_step(standing(somebody, light=Light(ambient=10.0, front=5.0, back=10.0)), 1.0, Light(ambient=9_000.0))
    frames = record(scene, 1.6, lens=SMALL)
    after = next(index for index, frame in enumerate(frames) if frame.at >= 1.0)
    assert frames[after].pixels.mean() > 200, "blinded at first"
    assert 90 < frames[-1].pixels.mean() < 160


def test_hang_times_out_after_the_asked_time_for_ever(camera: VirtualCamera) -> None:
    camera.fail(CameraFault.HANG)
    before = camera.pace.now()
    for _ in range(2):
        with pytest.raises(DeviceTimeout, match=r"0\.5 s"):
            camera.capture(0.5)
    assert camera.pace.now() == pytest.approx(before + 1.0)
    camera.fail(None)
    assert camera.capture(0.5).pixels.any()


def test_slow_gives_half_a_frame_a_second(camera: VirtualCamera) -> None:
    camera.fail(CameraFault.SLOW)
    frames = [camera.capture(3.0) for _ in range(3)]
    assert np.diff([frame.at for frame in frames]) == pytest.approx([2.0, 2.0])
    with pytest.raises(DeviceTimeout):
        camera.capture(0.5)


@pytest.mark.parametrize(("fault", "value"), [(CameraFault.BLACK, 0), (CameraFault.WHITE, 255)])
def test_black_and_white(camera: VirtualCamera, fault: CameraFault, value: int) -> None:
    camera.fail(fault)
    assert (camera.capture(1.0).pixels == value).all()


def test_frozen_repeats_one_picture_with_new_times(camera: VirtualCamera) -> None:
    camera.capture(1.0)
    camera.fail(CameraFault.FROZEN)
    one, two = camera.capture(1.0), camera.capture(1.0)
    assert np.array_equal(one.pixels, two.pixels)
    assert one.pixels is not two.pixels, "whoever wipes one must not wipe the other"
    assert two.at > one.at
    assert two.number == one.number + 1


def test_torn_is_new_above_and_old_below(camera: VirtualCamera) -> None:
    camera.capture(1.0)
    whole = camera.capture(1.0).pixels.copy()
    camera.fail(CameraFault.TORN)
    torn = camera.capture(1.0).pixels
    difference = np.abs(torn.astype(int) - whole).mean(axis=(1, 2))
    assert difference[-40:].mean() > 3 * difference[:40].mean()


def test_wrong_size(camera: VirtualCamera) -> None:
    camera.fail(CameraFault.WRONG_SIZE)
    assert camera.capture(1.0).pixels.shape == (120, 160, 3)


def test_unplugged_is_gone_until_plugged_in_and_started(camera: VirtualCamera) -> None:
    camera.fail(CameraFault.UNPLUGGED)
    with pytest.raises(DeviceGone):
        camera.capture(1.0)
    with pytest.raises(DeviceGone):
        camera.start()
    camera.fail(None)
    with pytest.raises(DeviceGone):
        camera.capture(1.0)
    camera.start()
    assert camera.capture(1.0).pixels.any()


def test_the_scene_may_change_at_run_time_and_begins_at_its_own_zero(camera: VirtualCamera) -> None:
    seen: list[float] = []

    def provider(t: float) -> Scene:
        seen.append(t)
        return Scene(light=still(Light()))

    camera.capture(1.0)
    before = camera.pace.now()
    camera.look_at(provider)
    camera.capture(1.0)
    assert seen == pytest.approx([camera.pace.now() - before])


@pytest.mark.parametrize("settings", [{"person": "p99"}, {"light": "moon"}, {"fps": 0}, {"persn": "p01"}])
def test_bad_settings_are_refused_by_name(settings: dict[str, object]) -> None:
    with pytest.raises(DeviceError, match=r"p99|light|fps|persn"):
        open_camera(settings)
