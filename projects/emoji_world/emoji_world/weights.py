"""The shipped weights, and those that pretraining begins with."""
from pathlib import Path
from typing import Dict, Optional

import torch
from torch import Tensor

from regionclip_mm.checkpoint import in_half, load_weights, save_checkpoint
from regionclip_mm.io.files import save_plain_file

FOLDER = Path(__file__).resolve().parents[1] / 'weights'
REGIONCLIP = FOLDER / 'regionclip_nano.pth'
CLIP_ENCODER = FOLDER / 'clip_nano_encoder.pth'
CLIP_NANO = Path('data/emoji_world/clip_nano.pth')  # the whole of it


def write_clip_nano(path: Path) -> None:
    """Write CLIP-nano as a whole detector, unless there is one.

    One that is there may be the user's own. The text tower and RPN, and what
    pretraining leaves frozen of the image tower, are those of RegionCLIP-nano;
    the rest is in a file of its own.
    """
    if path.exists():
        return
    path.parent.mkdir(parents=True, exist_ok=True)
    parts = [load_weights(file) for file in (REGIONCLIP, CLIP_ENCODER)]
    save_checkpoint({key: value for part in parts
                     for key, value in part.tensors.items()}, path,
                    dict(source=[REGIONCLIP.name, CLIP_ENCODER.name]))


def need_clip_nano(path: Optional[str]) -> None:
    """Raise if it is CLIP-nano that a program lacks.

    Raises:
        FileNotFoundError: With the command that writes it.
    """
    if path and Path(path) == CLIP_NANO and not CLIP_NANO.is_file():
        raise FileNotFoundError(
            f'there is no file {path}; write it first: python '
            'projects/emoji_world/tools/make_scenes.py')


def ship(regionclip: str, clip: str, folder: Path = FOLDER) -> None:
    """Write the shipped files.

    Args:
        regionclip: Checkpoint of the pretrained detector.
        clip: Checkpoint of CLIP-nano as a whole detector.
        folder: For both files.

    Raises:
        ValueError: If one has tensors that the other has not.
    """
    after, before = (in_half(load_weights(path).tensors)
                     for path in (regionclip, clip))
    if set(after) != set(before):
        raise ValueError(f'{regionclip} and {clip} are no weights of the same '
                         f'detector: {sorted(set(after) ^ set(before))[:3]}')
    changed = {key: value for key, value in before.items()
               if not torch.equal(value, after[key])}
    for name, state, source in ((REGIONCLIP.name, after, regionclip),
                                (CLIP_ENCODER.name, changed, clip)):
        save_plain_file(dict(state_dict=_in_one_storage(state),
                             meta=dict(source=['/'.join(
                                 Path(source).parts[-2:])])), folder / name)


def _in_one_storage(state: Dict[str, Tensor]) -> Dict[str, Tensor]:
    """Each type's tensors as parts of one: a file needs 350 bytes more for
    each storage, and these are hundreds of small ones."""
    parts: Dict[str, Tensor] = {}
    for dtype in {value.dtype for value in state.values()}:
        same = {k: v for k, v in state.items() if v.dtype == dtype}
        whole = torch.cat([value.flatten() for value in same.values()])
        pieces = whole.split([value.numel() for value in same.values()])
        parts.update((key, piece.view(value.shape))
                     for (key, value), piece in zip(same.items(), pieces))
    return {key: parts[key] for key in state}
