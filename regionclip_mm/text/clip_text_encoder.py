"""CLIP's text tower."""
import hashlib
import json
from typing import NamedTuple, Optional, Sequence

import torch
from mmengine.model import BaseModule
from torch import Tensor, nn

from mmdet.registry import MODELS

from .checks import bytes_of
from .text_archs import TextArch, get_text_arch
from .tokenizer import CLIPTokenizer
from .weights import load_text_encoder_weights


def build_transformer(arch: TextArch) -> nn.Module:
    """``transformers``' CLIP text model with CLIP's own initialisation."""
    from transformers import CLIPTextConfig, CLIPTextModelWithProjection
    return CLIPTextModelWithProjection(CLIPTextConfig(
        vocab_size=arch.vocab_size,
        hidden_size=arch.width,
        intermediate_size=4 * arch.width,
        projection_dim=arch.embed_dim,
        num_hidden_layers=arch.layers,
        num_attention_heads=arch.heads,
        max_position_embeddings=arch.context_length,
        hidden_act='quick_gelu',
        pad_token_id=0,
        bos_token_id=arch.vocab_size - 2,
        eos_token_id=arch.vocab_size - 1))


@MODELS.register_module()
class CLIPTextEncoder(BaseModule):
    """Texts to embeddings of the space that CLIP shares with images.

    Source: https://github.com/openai/CLIP. # Parity: ``g1_text_rn50``.

    Args:
        arch: A key of ``TEXT_ARCHS``.
        overflow: What the tokenizer does with over-long texts, see
            :class:`CLIPTokenizer`.
        frozen: Whether no parameter is trained.
        checkpoint: A checkpoint with ``text_encoder.*`` keys (a path or
            ``clip://RN50``), to use the encoder outside a detector.
        init_cfg: MMEngine's initialisation config.
    """

    def __init__(self, arch: str = 'rn50', overflow: str = 'keep_eot',
                 frozen: bool = True, checkpoint: Optional[str] = None,
                 init_cfg: Optional[dict] = None) -> None:
        super().__init__(init_cfg)
        sizes = get_text_arch(arch)
        self.arch = arch
        self.embed_dim = sizes.embed_dim
        self.tokenizer = CLIPTokenizer(
            sizes.vocab_size, sizes.context_length, overflow)
        self.model = build_transformer(sizes).requires_grad_(not frozen)
        self.weights_loaded = False
        self._prefix = ''  # of its keys in what was loaded last
        self.register_load_state_dict_post_hook(_name_the_tower_once)
        self._fingerprint = (None, '')  # state of the weights, their hash
        if checkpoint is not None:
            load_text_encoder_weights(self, checkpoint)

    def forward(self, ids: Tensor) -> Tensor:
        """Embed token ids.

        Attention is causal: what follows the end of a text has no influence
        on its embedding, so columns without any text are left out.

        Args:
            ids: Rows of the tokenizer, (N, L), int64.

        Returns:
            Text embeddings (N, embed_dim), not normalised.
        """
        if self.training and any(p.requires_grad for p in self.parameters()):
            self._weights_changed()
        if len(ids) == 0:
            return self.model.text_projection.weight.new_zeros(
                0, self.embed_dim)
        length = int((ids == self.tokenizer.eot).int().argmax(1).max()) + 1
        return self.model(ids[:, :length]).text_embeds

    @torch.no_grad()
    def encode(self, texts: Sequence[str], batch_size: int = 256) -> Tensor:
        """Embed texts in batches of similar length.

        Args:
            texts: N texts.
            batch_size: Texts per forward pass.

        Returns:
            Text embeddings (N, embed_dim), not normalised, on the encoder's
            device.
        """
        self.require_weights()
        weight = self.model.text_projection.weight
        ids = self.tokenizer(texts).to(weight.device)
        order = (ids == self.tokenizer.eot).int().argmax(1).argsort()
        embeddings = weight.new_empty(len(ids), self.embed_dim)
        for rows in order.split(batch_size):
            embeddings[rows] = self(ids[rows])
        return embeddings

    def require_weights(self) -> None:
        """Raise unless weights were loaded or trained."""
        if not self.weights_loaded:
            raise RuntimeError(
                f'The text encoder (text_encoder.arch={self.arch!r}) has no '
                'trained weights, so its embeddings would be noise: load a '
                'checkpoint that has all text_encoder.* keys of this arch '
                '(add them to a detector with the converter\'s --clip '
                'option), or set text_encoder.checkpoint.')

    def fingerprint(self) -> str:
        """Hash of the weights, the arch and the tokenizer."""
        tensors = dict(self.model.named_parameters())
        state = [(p.data_ptr(), p._version, p.dtype) for p in tensors.values()]
        if self._fingerprint[0] != state:
            digest = hashlib.sha256(
                json.dumps([self.arch, repr(self.tokenizer)]).encode())
            for name, value in sorted(tensors.items()):
                digest.update(f'{name} {value.dtype}'.encode())
                digest.update(bytes_of(value))
            self._fingerprint = (state, digest.hexdigest())
        return self._fingerprint[1]

    def _weights_changed(self) -> None:
        self.weights_loaded = True
        self._fingerprint = (None, '')

    def _load_from_state_dict(self, state_dict: dict, prefix: str,
                              *args) -> None:
        """Note whether ``state_dict`` has every weight, in the right shape."""
        self._prefix = prefix
        shapes = {prefix + key: value.shape
                  for key, value in self.state_dict().items()}
        super()._load_from_state_dict(state_dict, prefix, *args)
        if all(key in state_dict and state_dict[key].shape == shape
               for key, shape in shapes.items()):
            self._weights_changed()


def _name_the_tower_once(encoder: CLIPTextEncoder, keys: NamedTuple) -> None:
    """One missing key, not one for each weight, of a file without any."""
    own = {encoder._prefix + key for key in encoder.state_dict()}
    if own <= set(keys.missing_keys):
        keys.missing_keys[:] = [
            key for key in keys.missing_keys if key not in own] + [
                f'{encoder._prefix}* (no text tower: use vocabulary files, or '
                'convert with --clip)']
