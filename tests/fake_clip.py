"""Fake weights in the layouts of others, small and deterministic."""
from typing import Dict

import torch
from torch import Tensor, nn

from regionclip_mm.models import AttentionPool2d, CLIPResNet
from regionclip_mm.text import TEXT_ARCHS
from regionclip_mm.text.openai_weights import openai_text_shapes


class Tree(nn.Module):
    """A module whose state dict is exactly the given one."""

    def __init__(self, state: Dict[str, Tensor]) -> None:
        super().__init__()
        children: Dict[str, Dict[str, Tensor]] = {}
        for key, value in state.items():
            head, _, rest = key.partition('.')
            if rest:
                children.setdefault(head, {})[rest] = value
            else:
                self.register_buffer(head, value)
        for name, child in children.items():
            self.add_module(name, Tree(child))


def openai_state(seed: int = 0) -> Dict[str, Tensor]:
    """A nano CLIP under OpenAI's names, matrices in float16 as OpenAI's."""
    gen = torch.Generator().manual_seed(seed)
    image = CLIPResNet('nano', out_indices=(3, )).state_dict()
    pool = AttentionPool2d('nano').state_dict()
    shapes = {f'visual.{k}': v.shape for k, v in image.items()}
    shapes.update({f'visual.attnpool.{k}': v.shape for k, v in pool.items()})
    shapes.update(openai_text_shapes(TEXT_ARCHS['nano']))
    state = {}
    for key, shape in shapes.items():
        value = torch.randn(shape, generator=gen) * 0.1
        if key.endswith('running_var'):
            value = value.abs() + 1
        state[key] = value.half() if value.ndim > 1 else value
        if key.endswith('num_batches_tracked'):
            state[key] = torch.tensor(7)
    state['logit_scale'] = torch.tensor(4.6)
    return state


def save_torchscript(state: Dict[str, Tensor], path) -> None:
    """Write an archive as OpenAI's, with its sizes among the weights."""
    sizes = dict(input_resolution=128, context_length=77, vocab_size=8192)
    extra = {key: torch.tensor(value) for key, value in sizes.items()}
    torch.jit.save(torch.jit.script(Tree({**state, **extra})), str(path))
