"""Class counts that follow the vocabulary."""
from mmdet.registry import MODELS

from ..layers import TextClassifier


class ClassesInUse:
    """Makes ``num_classes`` and ``cls_out_channels`` of a dense head of mmdet
    those of the classes in use: of training, or of testing.

    mmdet's heads write both once and read them when they take scores apart. A
    head that has this base first gives ``text_classifier``.
    """

    num_classes = property(
        lambda self: self._in_use('num_classes'),
        lambda self, value: self._build_for('num_classes', value))
    cls_out_channels = property(
        lambda self: self._in_use('cls_out_channels'),
        lambda self, value: self._build_for('cls_out_channels', value))

    def build_classifier(self, in_features: int) -> TextClassifier:
        """The classifier of ``cls_predictor_cfg``, for as many classes as
        the head trains with.

        Raises:
            ValueError: If the head has a column for the background, or
                several priors at a place.
        """
        if self.cls_out_channels != self.num_classes:
            raise ValueError(
                'bbox_head.loss_cls counts a background class, which these '
                'text classifiers do not have: set use_sigmoid=True')
        priors = getattr(self, 'num_base_priors', 1)
        if priors != 1:
            raise ValueError(
                f'bbox_head.anchor_generator has {priors} anchors at a place; '
                'a text classifier classifies places: give it one scale and '
                'one ratio')
        return MODELS.build(dict(
            self.cls_predictor_cfg, in_features=in_features,
            out_features=self.num_classes))

    def _build_for(self, key: str, value: int) -> None:
        self.__dict__.setdefault('_built_for', {})[key] = value

    def _in_use(self, key: str) -> int:
        if self.training:
            return self._built_for[key]
        return self.text_classifier.out_features
