"""Detect with an exported model: numpy, Pillow, ONNX Runtime, no torch.

    python projects/onnx_runtime/detect.py model.onnx photo.jpg \\
        --short-side 800 --max-side 1333

Regions come from a file (--boxes) or from a grid of windows.
"""
import argparse
import json
from typing import Dict, List, Optional, Sequence, Tuple

import numpy as np
import onnxruntime
from PIL import Image, ImageOps

CELL = 16  # the least side of an image, in network pixels


def read_image(path: str, scale: float = 1.0,
               short_side: Optional[float] = None,
               max_side: Optional[float] = None
               ) -> Tuple[np.ndarray, np.ndarray]:
    """Load and resize a picture.

    Args:
        path: Of any format that Pillow reads; what is transparent becomes
            white, as in RegionInferencer.
        scale: Network pixels per original pixel.
        short_side: Of the image in the network, instead of ``scale``.
        max_side: The longer side has at most so many network pixels.

    Returns:
        Network pixels (1, 3, H, W), float32, RGB from 0 to 255, and how many
        of them an original pixel is, in x and y (2,).
    """
    image = upright_rgb(Image.open(path))
    if short_side:
        scale = short_side / min(image.size)
    if max_side:
        scale = min(scale, max_side / max(image.size))
    size = [max(round(side * scale), CELL) for side in image.size]
    scales = np.divide(size, image.size)
    image = image.resize(size, Image.BILINEAR)
    pixels = np.asarray(image, np.float32).transpose(2, 0, 1)[None]
    return np.ascontiguousarray(pixels), scales


def upright_rgb(image: Image.Image) -> Image.Image:
    """Turned as its tags say, of 8 bits, on white."""
    image = ImageOps.exif_transpose(image)
    if image.mode.startswith('I') and np.asarray(image).max() > 255:
        pixels = np.asarray(image) / 257
        image = Image.fromarray(pixels.round().astype(np.uint8))
    if image.has_transparency_data:
        white = Image.new('RGBA', image.size, 'white')
        image = Image.alpha_composite(white, image.convert('RGBA'))
    return image.convert('RGB')


def grid(width: int, height: int,
         fractions: Sequence[float] = (0.25, 0.5, 1.0)) -> np.ndarray:
    """Half-overlapping square windows (N, 4), in the pixels of the sides."""
    windows = []
    for fraction in fractions:
        side = fraction * min(width, height)
        xs, ys = (np.linspace(0, length - side,
                              max(round(2 * length / side) - 1, 1))
                  for length in (width, height))
        windows += [(x, y, x + side, y + side) for y in ys for x in xs]
    return np.asarray(windows, np.float32)


def softmax(logits: np.ndarray) -> np.ndarray:
    """Probabilities (N, K + 1) of logits (N, K + 1)."""
    powers = np.exp(logits - logits.max(1, keepdims=True))
    return powers / powers.sum(1, keepdims=True)


def nms(boxes: np.ndarray, scores: np.ndarray,
        iou_threshold: float) -> List[int]:
    """Indices of the boxes (N, 4) to keep, best score (N,) first."""
    area = (boxes[:, 2:] - boxes[:, :2]).prod(1)
    order, keep = np.argsort(-scores, kind='stable'), []
    while len(order):
        best, rest = order[0], order[1:]
        keep.append(int(best))
        overlap = (np.minimum(boxes[best, 2:], boxes[rest, 2:])
                   - np.maximum(boxes[best, :2], boxes[rest, :2]))
        shared = overlap.clip(0).prod(1)
        iou = shared / np.maximum(area[best] + area[rest] - shared, 1e-9)
        order = rest[iou <= iou_threshold]
    return keep


def detect(session: onnxruntime.InferenceSession, image: np.ndarray,
           boxes: np.ndarray, names: Sequence[str],
           text_embeddings: Optional[np.ndarray] = None,
           score_thr: float = 0.3, iou_threshold: float = 0.5) -> List[dict]:
    """Name regions of an image, and leave out what overlaps a better one.

    Args:
        session: The model.
        image, boxes: Its inputs, in network pixels.
        names: K class names.
        text_embeddings: Theirs (K, D), unless they are baked in.
        score_thr: Least probability.
        iou_threshold: Of the NMS inside each class.

    Returns:
        Detections, best first: ``name``, ``score``, ``box`` in network
        pixels.
    """
    feed = dict(image=image, boxes=boxes.astype(np.float32))
    if text_embeddings is not None:
        feed['text_embeddings'] = text_embeddings.astype(np.float32)
    outputs: Dict[str, np.ndarray] = dict(zip(
        [output.name for output in session.get_outputs()],
        session.run(None, feed)))
    height, width = image.shape[2:]
    boxes = outputs.get('refined_boxes', boxes).clip(
        0, [width, height, width, height])
    scores = softmax(outputs['logits'])[:, :-1]  # without background
    found = []
    for label, name in enumerate(names):
        rows = np.flatnonzero(scores[:, label] > score_thr)
        for row in rows[nms(boxes[rows], scores[rows, label], iou_threshold)]:
            found.append(dict(name=name, score=float(scores[row, label]),
                              box=boxes[row].tolist()))
    return sorted(found, key=lambda one: -one['score'])


def words_of(session: onnxruntime.InferenceSession, path: Optional[str]
             ) -> Tuple[List[str], Optional[np.ndarray]]:
    """Names, and their embeddings (K, D) unless these are baked in."""
    baked = session.get_modelmeta().custom_metadata_map.get('names')
    if baked is not None:
        if path is not None:
            raise SystemExit('error: classes are baked into the model: leave '
                             '--words out, or export it without --vocabulary')
        return json.loads(baked), None
    if path is None:
        raise SystemExit('error: this model has no classes: give --words, an '
                         '.npz file of names and embeddings')
    try:
        with np.load(path) as words:
            return words['names'].tolist(), words['embeddings']
    except (OSError, ValueError, KeyError, TypeError) as error:
        raise SystemExit(f'error: {path} is no .npz file of names and '
                         f'embeddings ({error})')


def read_boxes(path: str) -> np.ndarray:
    """Boxes (N, 4) of an .npy file."""
    try:
        boxes = np.load(path)
    except (OSError, ValueError, EOFError) as error:
        raise SystemExit(f'error: {path} is no .npy file of boxes ({error})')
    if not (isinstance(boxes, np.ndarray) and boxes.dtype.kind in 'iuf'
            and boxes.ndim == 2 and boxes.shape[1] == 4
            and np.isfinite(boxes).all()):
        raise SystemExit(f'error: {path} has no finite numbers of shape '
                         '(N, 4), which boxes are')
    if (boxes[:, 2:] <= boxes[:, :2]).any():
        raise SystemExit(f'error: {path} has boxes without area: x1 < x2 and '
                         'y1 < y2 are needed')
    return boxes.astype(np.float32)


def positive(text: str) -> float:
    """A number above 0, for argparse."""
    value = float(text)
    if not 0 < value < float('inf'):
        raise argparse.ArgumentTypeError(f'{text} is not above 0')
    return value


def open_model(path: str) -> onnxruntime.InferenceSession:
    """ONNX Runtime's session of a file."""
    try:
        return onnxruntime.InferenceSession(
            path, providers=['CPUExecutionProvider'])
    except Exception as error:  # it has classes of its own
        reason = ' '.join(str(error).split())
        raise SystemExit(f'error: {path} cannot be run: {reason}')


def parse_args(argv: Optional[List[str]] = None) -> argparse.Namespace:
    """The command line."""
    parser = argparse.ArgumentParser(
        description=__doc__,
        formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument('model', help='file of tools/export_onnx.py')
    parser.add_argument('image')
    parser.add_argument('--words',
                        help='.npz of names (K,), embeddings (K, D)')
    parser.add_argument('--boxes', help='.npy of boxes (N, 4), x1 y1 x2 y2 in '
                        'original pixels (default: a grid of windows)')
    parser.add_argument('--scale', type=positive, default=1.0)
    parser.add_argument('--short-side', type=positive,
                        help='of the image in the network, for --scale')
    parser.add_argument('--max-side', type=positive, help='the longer side '
                        'has at most so many network pixels')
    parser.add_argument('--score-thr', type=float, default=0.3)
    parser.add_argument('--iou-threshold', type=float, default=0.5)
    return parser.parse_args(argv)


def main(argv: Optional[List[str]] = None) -> List[dict]:
    """Print a line of JSON for each detection, in original pixels."""
    args = parse_args(argv)
    session = open_model(args.model)
    names, embeddings = words_of(session, args.words)
    try:
        image, scales = read_image(args.image, args.scale, args.short_side,
                                   args.max_side)
    except OSError as error:
        raise SystemExit(f'error: {args.image} is no image that can be read: '
                         f'{error}')
    scales = np.tile(scales, 2)
    boxes = (read_boxes(args.boxes) * scales if args.boxes
             else grid(image.shape[3], image.shape[2]))
    found = detect(session, image, boxes, names, embeddings, args.score_thr,
                   args.iou_threshold)
    for one in found:
        one['box'] = (np.array(one['box']) / scales).tolist()
        print(json.dumps(one))
    return found


if __name__ == '__main__':
    main()
