"""DINO, classifying queries with words."""
from typing import Any

from torch import nn

from mmdet.models.dense_heads import DINOHead
from mmdet.registry import MODELS

from ..layers import TextClassifier
from .classes_in_use import ClassesInUse


@MODELS.register_module()
class TextDINOHead(ClassesInUse, DINOHead):
    """mmdet's ``DINOHead`` with a text classifier for each decoder layer and
    the encoder; their weights differ, their vocabulary is the same.

    Args:
        cls_predictor_cfg: Config of a :class:`SigmoidTextClassifier`.
        args, kwargs: As for mmdet's head.
    """

    def __init__(self, *args: Any, cls_predictor_cfg: dict,
                 **kwargs: Any) -> None:
        self.cls_predictor_cfg = cls_predictor_cfg
        super().__init__(*args, **kwargs)

    @property
    def text_classifier(self) -> TextClassifier:
        """The first of them."""
        return self.cls_branches[0]

    def _init_layers(self) -> None:
        super()._init_layers()
        layers = [self.build_classifier(self.embed_dims)
                  for _ in self.cls_branches]
        for layer in layers:
            layer.vocabularies = layers[0].vocabularies
        if self.share_pred_layer:
            layers = layers[:1] * len(layers)
        self.cls_branches = nn.ModuleList(layers)
