"""ONNX files of detectors, written and checked."""
import json
import warnings
from contextlib import contextmanager
from importlib.util import find_spec
from typing import Dict, Iterator, Optional, Tuple

import torch
from torch import Tensor

from ..io.files import PathLike, written_whole
from ..models.detectors import RegionCLIP
from ..text import Vocabulary
from ..version import __version__
from .image_branch import ImageBranch
from .out_dir import check_out_file

# torch's exporter begins at 18; ONNX Runtime has no RoiAlign of opset 22.
OPSETS = range(18, 22)
OLDEST_TORCH = (2, 6)
PACKAGES = ('onnx', 'onnxscript', 'onnxruntime')
PIXELS = ('RGB from 0 to 255, resized, not normalised: mean and std are '
          'subtracted and divided inside')
TOLERANCE = 1e-3
MOST_BYTES = 1_500_000_000  # above, ONNX files come in two


def export_onnx(detector: RegionCLIP, path: PathLike,
                vocabulary: Optional[Vocabulary] = None,
                opset: int = OPSETS.start) -> float:
    """Write the image branch of a detector, and run the file.

    See :class:`ImageBranch` for inputs and outputs, which have the names of
    its arguments and ``embeddings``, ``logits``, ``refined_boxes``.

    Args:
        detector: On the CPU, with its weights.
        path: File to write; an existing one is replaced when the new one is
            complete and right.
        vocabulary: Classes to bake in; None makes them an input.
        opset: One of :data:`OPSETS`.

    Returns:
        The largest difference of a logit in ONNX Runtime from torch's on a
        random image.

    Raises:
        ImportError: If a package of the extra ``export`` is missing.
        ValueError: If the detector, vocabulary or opset cannot be exported.
        RuntimeError: If the file does not give torch's logits.
        OSError: If it cannot be written.
    """
    check_packages()
    check_opset(opset)
    check_out_file(path)
    branch = ImageBranch(detector, vocabulary).eval()
    check_size(branch)
    program = _traced(branch, opset)
    program.model.metadata_props.update(metadata(branch, vocabulary))
    with written_whole(path) as partial:
        program.save(str(partial))
        difference = largest_difference(partial, branch)
        if not difference <= TOLERANCE:
            raise RuntimeError(
                f'{path} was not written: logits of ONNX Runtime differ from '
                f"torch's by {difference:.2g}; weights that are not "
                'finite, or another version of onnxscript or onnxruntime than '
                'those of requirements/runtime.txt')
    return difference


def check_packages() -> None:
    """Raise an ImportError unless everything for ONNX is installed."""
    if torch.__version__ < OLDEST_TORCH:
        oldest = '.'.join(map(str, OLDEST_TORCH))
        raise ImportError(
            f'the export to ONNX needs torch {oldest} or later, whose '
            f'exporter it uses; found {torch.__version__}')
    missing = [name for name in PACKAGES if find_spec(name) is None]
    if missing:
        raise ImportError(f'{", ".join(missing)} must be installed to export '
                          "to ONNX: pip install 'regionclip_mm[export]'")


def check_opset(opset: int) -> None:
    """Raise a ValueError unless it is one of :data:`OPSETS`."""
    if opset not in OPSETS:
        raise ValueError(
            f'opset {opset} is not supported: give one from {OPSETS[0]} to '
            f"{OPSETS[-1]} (torch's exporter begins at {OPSETS[0]}, ONNX "
            f'Runtime has no RoiAlign of opset {OPSETS[-1] + 1})')


def check_size(branch: ImageBranch) -> None:
    """Raise a ValueError if weights do not fit into one file.

    Args:
        branch: What is to be exported.
    """
    parts = (branch.detector.backbone, branch.detector.roi_head)
    size = sum(one.nbytes for part in parts for one in part.parameters())
    if size > MOST_BYTES:
        raise ValueError(
            f'the image branch has {size / 1e9:.1f} GB of weights; an ONNX '
            f'file takes {MOST_BYTES / 1e9} GB, and more than one file is not '
            'supported')


def metadata(branch: ImageBranch,
             vocabulary: Optional[Vocabulary] = None) -> Dict[str, str]:
    """What a user of the file has to know, as text or JSON.

    Args:
        branch: What is exported.
        vocabulary: The classes that are baked in.
    """
    detector = branch.detector
    facts = dict(
        regionclip_mm=__version__,
        arch=getattr(detector.backbone, 'arch', ''),
        image=PIXELS,
        mean=json.dumps(branch.mean.flatten().tolist()),
        std=json.dumps(branch.std.flatten().tolist()),
        temperature=json.dumps(branch.temperature),
        prompt_templates=json.dumps(detector.prompt_templates))
    if vocabulary is not None:
        facts['names'] = json.dumps(vocabulary.names)
    return facts


def _traced(branch: ImageBranch, opset: int) -> 'torch.onnx.ONNXProgram':
    """The branch as a program of ONNX, with dynamic sizes."""
    size = torch.export.Dim
    sizes = dict(image={2: size('height'), 3: size('width')},
                 boxes={0: size('regions')})
    inputs = example(branch)
    if branch.baked is None:
        sizes['text_embeddings'] = {0: size('classes')}
    names = ['embeddings', 'logits', 'refined_boxes']
    if not branch.detector.roi_head.bbox_head.with_reg:
        names.pop()
    with torch.no_grad(), _quiet():
        return torch.onnx.export(
            branch, inputs, dynamo=True, opset_version=opset, verbose=False,
            input_names=list(sizes), output_names=names, dynamic_shapes=sizes)


@contextmanager
def _quiet() -> Iterator[None]:
    """The exporter's warnings are of its own insides."""
    with warnings.catch_warnings():
        warnings.simplefilter('ignore')
        yield


def example(branch: ImageBranch, side: int = 96,
            regions: int = 3) -> Tuple[Tensor, ...]:
    """Random inputs: image (1, 3, side, side + 32), boxes, words if any.

    Args:
        branch: What they are for.
        side: In pixels.
        regions: Number of boxes.
    """
    random = torch.Generator().manual_seed(side)
    image = 255 * torch.rand(1, 3, side, side + 32, generator=random)
    corners = side * torch.rand(regions, 2, 2, generator=random)
    boxes = corners.sort(1).values.flatten(1)
    if branch.baked is not None:
        return image, boxes
    classifier = branch.detector.roi_head.bbox_head.fc_cls
    return image, boxes, torch.randn(5, classifier.in_features,
                                     generator=random)


def largest_difference(path: PathLike, branch: ImageBranch) -> float:
    """Run a file in ONNX Runtime on an image of another size, beside what was
    exported (tests compare that with the detector).

    Args:
        path: The file.
        branch: What it was made of.

    Returns:
        The largest absolute difference of a logit.
    """
    import onnxruntime
    session = onnxruntime.InferenceSession(
        str(path), providers=['CPUExecutionProvider'])
    inputs = example(branch, side=75, regions=4)
    feed = {wanted.name: value.numpy()
            for wanted, value in zip(session.get_inputs(), inputs)}
    [logits] = session.run(['logits'], feed)
    with torch.no_grad():
        expected = branch(*inputs)[1]
    return float((torch.from_numpy(logits) - expected).abs().max())
