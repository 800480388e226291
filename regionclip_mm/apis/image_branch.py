"""The part of a detector that becomes an ONNX file."""
from typing import Optional, Tuple

import torch
import torch.nn.functional as F
from torch import Tensor, nn
from torchvision.ops import roi_align

from ..models.detectors import RegionCLIP
from ..models.detectors.open_vocabulary import check_arch
from ..models.layers import TextEmbeddingClassifier
from ..models.roi_heads import RegionBBoxHead
from ..text import Vocabulary
from .region_features import need_regionclip
from .word_cache import using


class ImageBranch(nn.Module):
    """From pixels and boxes to embeddings and logits of the regions.

    The same computation as the detector's, without what ONNX cannot say or
    should not: proposals, fusion with objectness, NMS, the resize, the text
    tower. Pixels are normalised inside. Everything is float32.

    Args:
        detector: In evaluation mode, with its weights; it is not changed,
            except that layer4 leaves reduced precision.
        vocabulary: Classes to bake in; None makes them an input.

    Raises:
        ValueError: If the detector has parts that cannot be exported.
    """

    def __init__(self, detector: RegionCLIP,
                 vocabulary: Optional[Vocabulary] = None) -> None:
        super().__init__()
        check_exportable(detector)
        self.detector = detector
        head = detector.roi_head
        self.roi_layer = head.bbox_roi_extractor.roi_layers[0]
        self.temperature = head.bbox_head.fc_cls.temperature
        if head.with_shared_head:
            head.shared_head.inference_dtype = None
        preprocessor = detector.data_preprocessor
        self.register_buffer('mean', preprocessor.mean.float())
        self.register_buffer('std', preprocessor.std.float())
        baked = None
        if vocabulary is not None:
            check_arch(vocabulary, detector.backbone, 'backbone')
            with using(detector, vocabulary):  # refuses another size
                baked = vocabulary.embeddings.float()
        self.register_buffer('baked', baked)

    def forward(self, image: Tensor, boxes: Tensor,
                text_embeddings: Optional[Tensor] = None
                ) -> Tuple[Tensor, ...]:
        """Encode and classify regions.

        Args:
            image: Network pixels (1, 3, H, W), RGB from 0 to 255, resized
                but not normalised; sides of at least 16.
            boxes: (N, 4), x1, y1, x2, y2 in network pixels; N may be 0.
            text_embeddings: (K, D), normalised or not, where no vocabulary
                is baked in.

        Returns:
            Region embeddings (N, D), not normalised; logits (N, K + 1),
            background last; and with ``with_reg`` refined boxes (N, 4) in
            network pixels, clipped to the image.
        """
        x = self.detector.feature_maps((image - self.mean) / self.std)[0]
        # No region at all ends the process in ONNX Runtime 1.23 (Python 3.10).
        boxes = F.pad(boxes, (0, 0, 0, 1))  # one more, which is cut off
        regions = roi_align(
            x, F.pad(boxes, (1, 0)), self.roi_layer.output_size,
            self.roi_layer.spatial_scale, 0, aligned=True)
        head = self.detector.roi_head
        if head.with_shared_head:
            regions = head.shared_head(regions)
        embeddings = head.bbox_head.region_pool(regions)
        words = text_embeddings if self.baked is None else self.baked
        cosines = F.normalize(embeddings, dim=-1) @ F.normalize(
            words, dim=-1).t()
        logits = F.pad(cosines / self.temperature, (0, 1))
        if not head.bbox_head.with_reg:
            return embeddings[:-1], logits[:-1]
        refined = head.bbox_head.bbox_coder.decode(
            boxes, head.bbox_head.fc_reg(embeddings))
        size = torch.tensor(image.shape[:1:-1], dtype=boxes.dtype)  # W, H
        refined = refined.clamp(min=0).minimum(size.repeat(2))
        return embeddings[:-1], logits[:-1], refined[:-1]


def check_exportable(detector: RegionCLIP) -> None:
    """Raise a ValueError that names a part that :class:`ImageBranch` lacks.

    Args:
        detector: Of any config.
    """
    need_regionclip(detector, 'the export')
    head = detector.roi_head
    box_head = getattr(head, 'bbox_head', None)
    for path, part, kind in (
            ('roi_head.bbox_head', box_head, RegionBBoxHead),
            ('roi_head.bbox_head.cls_predictor_cfg',
             getattr(box_head, 'fc_cls', None), TextEmbeddingClassifier)):
        if not isinstance(part, kind):
            raise ValueError(f'{path} is of type {type(part).__name__!r}: '
                             f'only {kind.__name__!r} can be exported')
    layers = head.bbox_roi_extractor.roi_layers
    if len(layers) != 1:
        raise ValueError(
            f'roi_head.bbox_roi_extractor pools from {len(layers)} maps '
            '(featmap_strides): only one can be exported')
    [layer] = layers
    if (layer.sampling_ratio, layer.aligned, layer.pool_mode) != (
            0, True, 'avg'):
        raise ValueError(
            'roi_head.bbox_roi_extractor.roi_layer can be exported with '
            "sampling_ratio=0, aligned=True, pool_mode='avg'; it has "
            f'sampling_ratio={layer.sampling_ratio}, aligned={layer.aligned},'
            f' pool_mode={layer.pool_mode!r}')
    if not getattr(detector.data_preprocessor, '_enable_normalize', False):
        raise ValueError('data_preprocessor has no mean and std, which are '
                         'part of the exported model')
    if not detector.data_preprocessor._channel_conversion:
        raise ValueError('data_preprocessor.bgr_to_rgb=False: the exported '
                         'model takes RGB, so only True can be exported')
