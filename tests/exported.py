"""Files of exported detectors, run in ONNX Runtime."""
from typing import Dict, Tuple

import numpy as np
import onnxruntime
import pytest
import torch

from regionclip_mm.apis.onnx_file import OLDEST_TORCH

HAS_EXPORTER = torch.__version__ >= OLDEST_TORCH
needs_exporter = pytest.mark.skipif(not HAS_EXPORTER, reason='the export to '
                                    f'ONNX needs torch {OLDEST_TORCH}')


def open_session(path) -> onnxruntime.InferenceSession:
    return onnxruntime.InferenceSession(
        str(path), providers=['CPUExecutionProvider'])


def run(path, **inputs) -> Dict[str, np.ndarray]:
    """Outputs of a file by name; inputs are tensors."""
    session = open_session(path)
    names = [output.name for output in session.get_outputs()]
    return dict(zip(names, session.run(
        None, {name: value.numpy() for name, value in inputs.items()})))


def picture(height: int, width: int, count: int
            ) -> Tuple[torch.Tensor, torch.Tensor]:
    """Pixels (1, 3, H, W) in RGB and boxes, the first ones odd: beyond the
    image, without area, outside, smaller than a cell."""
    random = torch.Generator().manual_seed(height)
    cells = 255 * torch.rand(1, 3, 6, 7, generator=random)
    image = torch.nn.functional.interpolate(cells, (height, width))
    odd = torch.tensor([[-30., -20, width + 40, height + 9],
                        [5, 6, 5, 6], [-90, -90, -40, -60], [3, 4, 9, 8]])
    corners = torch.rand(count, 2, 2, generator=random).sort(1).values
    boxes = corners.flatten(1) * torch.tensor([width, height]).repeat(2)
    return image, torch.cat([odd, boxes])


def expected(detector, image, boxes, vocabulary) -> Dict[str, torch.Tensor]:
    """What the detector itself computes, by its usual way."""
    pixels = image.flip(1)  # the preprocessor is given BGR
    with torch.no_grad():
        inputs = detector.data_preprocessor(
            dict(inputs=[pixels[0]], data_samples=None))['inputs']
        detector.set_vocabulary(vocabulary)
        maps = detector.feature_maps(inputs)
        rois = torch.nn.functional.pad(boxes, (1, 0))
        found = detector.roi_head._bbox_forward(maps, rois)
        return dict(embeddings=detector.encode_regions(inputs, [boxes]),
                    logits=found['cls_score'], deltas=found['bbox_pred'])
