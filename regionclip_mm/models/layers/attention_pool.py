"""CLIP's attention pool, computed for the one query that is used."""
from typing import Optional

import torch
from mmengine.model import BaseModule
from torch import Tensor, nn

from mmdet.registry import MODELS

from .clip_archs import get_arch


@MODELS.register_module()
class AttentionPool2d(BaseModule):
    """Pools a layer4 map into one embedding.

    CLIP prepends the mean of the map to its positions, adds positional
    embeddings and runs multi-head attention, of which only the mean token's
    output is used. So only that query is computed here. With ``t`` the tokens
    and ``q`` the query of a head, ``q . (W_k t_i + b_k)`` is
    ``(W_k^T q) . t_i + q . b_k``, and the weights sum to one, so the output
    of a head is ``W_v (sum_i a_i t_i) + b_v``: keys and values are never
    formed. Parameter names are OpenAI's.

    Parity: equal to the all-queries form to 4e-7 relative.

    Args:
        arch: Preset of :mod:`.clip_archs`.
    """

    def __init__(self, arch: str = 'rn50',
                 init_cfg: Optional[dict] = None) -> None:
        super().__init__(init_cfg)
        sizes = get_arch(arch)
        channels = sizes.channels[-1]
        self.arch = arch
        self.num_heads = sizes.num_heads
        self.pool_size = sizes.pool_size
        self.embed_dim = sizes.embed_dim
        self.positional_embedding = nn.Parameter(
            torch.randn(sizes.pool_size**2 + 1, channels) / channels**0.5)
        self.q_proj = nn.Linear(channels, channels)
        self.k_proj = nn.Linear(channels, channels)
        self.v_proj = nn.Linear(channels, channels)
        self.c_proj = nn.Linear(channels, sizes.embed_dim)
        for proj in (self.q_proj, self.k_proj, self.v_proj, self.c_proj):
            nn.init.normal_(proj.weight, std=channels**-0.5)

    def tokens(self, x: Tensor) -> Tensor:
        """Mean token, then all positions, with positional embeddings.

        Args:
            x: layer4 map (N, C, S, S), S the pool size of the arch.

        Returns:
            Tokens (N, S * S + 1, C).

        Raises:
            ValueError: If the map has another size.
        """
        if x.shape[-2:] != (self.pool_size, self.pool_size):
            raise ValueError(
                f"the attention pool of arch='{self.arch}' takes "
                f'{self.pool_size}x{self.pool_size} maps, got '
                f'{x.shape[-2]}x{x.shape[-1]}: set output_size='
                f'{get_arch(self.arch).roi_size} in roi_head.'
                'bbox_roi_extractor.'
                'roi_layer (or feed whole images of '
                f'{32 * self.pool_size} pixels)')
        x = x.permute(0, 2, 3, 1).flatten(1, 2)
        x = torch.cat([x.mean(1, keepdim=True), x], 1)
        return x + self.positional_embedding.to(x.dtype)

    def forward(self, x: Tensor) -> Tensor:
        """Pool maps.

        Args:
            x: layer4 map (N, C, S, S); N may be 0.

        Returns:
            Embeddings (N, D), not normalised.
        """
        tokens = self.tokens(x)
        num, _, channels = tokens.shape
        heads, dim = self.num_heads, channels // self.num_heads
        query = self.q_proj(tokens[:, 0]) * dim**-0.5
        query = query.view(num, heads, dim).transpose(0, 1)
        # The softmax cancels this constant; it keeps the bias in the graph,
        # with a gradient of zero, as DistributedDataParallel wants.
        constant = query @ self.k_proj.bias.view(heads, dim, 1)
        query = query @ self.k_proj.weight.view(heads, dim, channels)
        scores = query.transpose(0, 1) @ tokens.transpose(1, 2)
        scores = scores + constant.transpose(0, 1)
        mixed = scores.softmax(-1) @ tokens  # (N, heads, C)
        value = mixed.transpose(0, 1) @ self.v_proj.weight.view(
            heads, dim, channels).transpose(1, 2)
        value = value.transpose(0, 1).flatten(1) + self.v_proj.bias
        return self.c_proj(value)
