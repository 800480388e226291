"""Sizes of the CLIP ResNet image towers, as data."""
from dataclasses import dataclass
from typing import Dict, Tuple


@dataclass(frozen=True)
class CLIPArch:
    """Sizes of one CLIP ResNet image tower.

    Args:
        layers: Number of bottlenecks in layer1 to layer4.
        width: Channels after the stem; layer4 has ``32 * width`` channels.
        embed_dim: Size D of the image (and text) embedding.
        image_size: Side in pixels of the square image the tower was trained
            on. It fixes the number of positions of the attention pool.
    """

    layers: Tuple[int, int, int, int]
    width: int
    embed_dim: int
    image_size: int

    @property
    def channels(self) -> Tuple[int, int, int, int]:
        """Channels of the maps of layer1 to layer4."""
        return tuple(self.width * 4 * 2**i for i in range(4))

    @property
    def num_heads(self) -> int:
        """Attention heads of the pool (64 channels each)."""
        return self.width * 32 // 64

    @property
    def pool_size(self) -> int:
        """Side of the layer4 map that the attention pool accepts."""
        return self.image_size // 32

    @property
    def roi_size(self) -> int:
        """Side of the RoIAlign output in front of layer4 (stride 2)."""
        return 2 * self.pool_size


ARCHS: Dict[str, CLIPArch] = {
    'rn50': CLIPArch((3, 4, 6, 3), 64, 1024, 224),
    'rn101': CLIPArch((3, 4, 23, 3), 64, 512, 224),
    'rn50x4': CLIPArch((4, 6, 10, 6), 80, 640, 288),
    'rn50x16': CLIPArch((6, 8, 18, 8), 96, 768, 384),
    'rn50x64': CLIPArch((3, 15, 36, 10), 128, 1024, 448),
    # Ours, trained from scratch on a CPU in projects/emoji_world.
    'nano': CLIPArch((1, 2, 2, 2), 16, 128, 128),
}


def get_arch(name: str) -> CLIPArch:
    """Look up an architecture preset by name.

    Raises:
        ValueError: If there is no preset of that name.
    """
    if name not in ARCHS:
        raise ValueError(
            f'arch={name!r} is not a CLIP ResNet; choose one of '
            f'{", ".join(map(repr, ARCHS))}')
    return ARCHS[name]
