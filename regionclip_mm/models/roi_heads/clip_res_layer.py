"""layer4 of a CLIP ResNet, applied to regions."""
from typing import Optional, Union

import torch
from mmengine.model import BaseModule
from torch import Tensor

from mmdet.registry import MODELS

from ..backbones.clip_resnet import freeze_norms
from ..layers.clip_archs import get_arch
from ..layers.clip_bottleneck import make_clip_layer
from ..utils import check_dtype, in_dtype


@MODELS.register_module()
class CLIPResLayer(BaseModule):
    """The last stage of a CLIP ResNet as a ``shared_head`` of an RoI head.

    Its batch norms are frozen (running statistics, fixed scale and shift).

    Args:
        arch: Preset of :mod:`..layers.clip_archs`.
        inference_dtype: 'bfloat16' or 'float16' to run the convolutions so
            at inference, or None. With bfloat16 embeddings change by 0.3 %;
            docs/benchmarks.md shows the gain.
        with_cp: Gradient checkpointing of each block: less memory in
            training, more time.
    """

    def __init__(self,
                 arch: str = 'rn50',
                 inference_dtype: Optional[str] = None,
                 with_cp: bool = False,
                 init_cfg: Optional[Union[dict, list]] = None) -> None:
        super().__init__(init_cfg)
        sizes = get_arch(arch)
        check_dtype('shared_head.inference_dtype', inference_dtype)
        self.arch = arch
        self.inference_dtype = inference_dtype
        self.layer4 = make_clip_layer(sizes.channels[2], sizes.width * 8,
                                      sizes.layers[3], 2, with_cp)
        freeze_norms(self)

    def forward(self, x: Tensor) -> Tensor:
        """Region maps (R, C, 2S, 2S) -> (R, 2C, S, S); R may be 0."""
        x = x.contiguous(memory_format=torch.channels_last)
        if self.inference_dtype is None or torch.is_grad_enabled():
            return self.layer4(x)
        with in_dtype(self.inference_dtype, x.device):
            return self.layer4(x).to(x.dtype)

    def train(self, mode: bool = True) -> 'CLIPResLayer':
        """Switch mode; the batch norms stay in evaluation."""
        super().train(mode)
        freeze_norms(self)
        return self
