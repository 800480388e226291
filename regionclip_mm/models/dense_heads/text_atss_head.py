"""ATSS, classifying with words at every place of the map."""
from typing import Any

from mmdet.models.dense_heads import ATSSHead
from mmdet.registry import MODELS

from ..layers import TextClassifier
from .classes_in_use import ClassesInUse


@MODELS.register_module()
class TextATSSHead(ClassesInUse, ATSSHead):
    """mmdet's ``ATSSHead`` with a text classifier for its last convolution.

    Args:
        cls_predictor_cfg: Config of a :class:`ConvTextClassifier`.
        init_cfg: As mmdet's, without what it does to ``atss_cls``: the
            projection to text embeddings has no prior; the classifier has.
        args, kwargs: As for mmdet's head.
    """

    def __init__(self, *args: Any, cls_predictor_cfg: dict,
                 init_cfg: dict = dict(type='Normal', layer='Conv2d',
                                       std=0.01), **kwargs: Any) -> None:
        self.cls_predictor_cfg = cls_predictor_cfg
        super().__init__(*args, init_cfg=init_cfg, **kwargs)

    @property
    def text_classifier(self) -> TextClassifier:
        """The one for all levels."""
        return self.atss_cls

    def _init_layers(self) -> None:
        super()._init_layers()
        self.atss_cls = self.build_classifier(self.feat_channels)
