"""Records clips through the whole virtual camera, its auto exposure included."""

from __future__ import annotations

from hw_sim.camera.pace import VirtualPace
from hw_sim.camera.virtual import SceneAt, VirtualCamera
from hw_sim.people.raster import Lens
from hw_sim.people.scene import Scene
from reader.devices.ports import Frame, LightRequest

# Exposure metered where the face of somebody ``standing`` is, as the kiosk's light loop asks for at once.
ON_THE_FACE = LightRequest(region=(0.37, 0.28, 0.26, 0.42))


def record(
    scene: Scene | SceneAt,
    seconds: float,
    *,
    fps: float = 30.0,
    lens: Lens | None = None,
    request: LightRequest | None = None,
    settle_s: float = 0.5,
) -> list[Frame]:
    """Return the frames of ``seconds`` of a scene, after auto exposure had ``settle_s`` on its first moment.

    Takes no real time but the drawing. Frame.at counts from 0, the scene's own time.
    """
    pace = VirtualPace(-settle_s)
    camera = VirtualCamera(pace=pace, lens=lens, fps=fps)
    camera.look_at(scene, since=0.0)
    camera.adjust(request or LightRequest())
    camera.start()
    frames = [camera.capture(1.0) for _ in range(round((seconds + settle_s) * fps))]
    camera.stop()
    return [frame for frame in frames if frame.at >= -1e-9]
