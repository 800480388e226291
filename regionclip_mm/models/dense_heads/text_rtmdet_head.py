"""RTMDet, classifying with words at every place of the map."""
from typing import Any

from torch import nn

from mmdet.models.dense_heads import RTMDetSepBNHead
from mmdet.registry import MODELS

from ..layers import TextClassifier
from .classes_in_use import ClassesInUse


@MODELS.register_module()
class TextRTMDetSepBNHead(ClassesInUse, RTMDetSepBNHead):
    """mmdet's ``RTMDetSepBNHead`` with a text classifier that all levels
    share.

    Args:
        cls_predictor_cfg: Config of a :class:`ConvTextClassifier`.
        args, kwargs: As for mmdet's head.
    """

    def __init__(self, *args: Any, cls_predictor_cfg: dict,
                 **kwargs: Any) -> None:
        self.cls_predictor_cfg = cls_predictor_cfg
        super().__init__(*args, **kwargs)

    @property
    def text_classifier(self) -> TextClassifier:
        """The one for all levels."""
        return self.rtm_cls[0]

    def _init_layers(self) -> None:
        super()._init_layers()
        shared = self.build_classifier(self.feat_channels)
        self.rtm_cls = nn.ModuleList([shared] * len(self.rtm_cls))
