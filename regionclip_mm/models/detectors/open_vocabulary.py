"""What makes any detector of mmdet one that finds words."""
from typing import Any, List, Optional, Sequence, Union

from torch import Tensor, nn

from mmdet.models.roi_heads.bbox_heads import BBoxHead
from mmdet.models.roi_heads.mask_heads import FCNMaskHead
from mmdet.registry import MODELS
from mmdet.structures import SampleList

from ...text import Vocabulary, encode_vocabulary
from ..layers import NO_CLASSES, TextClassifier

# Heads of mmdet, and what says that they refine all classes alike.
AGNOSTIC = {BBoxHead: 'reg_class_agnostic', FCNMaskHead: 'class_agnostic'}


class OpenVocabulary:
    """Base, before a detector of mmdet, of detectors with text classifiers.

    Adds :meth:`set_vocabulary`, and to predictions ``label_names`` and
    ``class_scores``, so that ``RegionInferencer`` and its ``texts=`` work.

    Args:
        text_encoder: Config of a :class:`CLIPTextEncoder`, for
            :meth:`set_vocabulary` with plain words; None for a detector that
            only reads vocabulary files.
        prompt_templates: Templates around those words: a name known to
            :func:`encode_vocabulary`, or a list of strings with ``{}``.
        args, kwargs: As for the detector of mmdet.
    """

    def __init__(self,
                 *args: Any,
                 text_encoder: Optional[dict] = None,
                 prompt_templates: Union[str, Sequence[str]] = 'clip81',
                 **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        if not self.classifiers:
            raise ValueError(
                'the detector has no text classifier: in a roi_head set '
                "bbox_head.cls_predictor_cfg=dict(type='TextEmbeddingClassi"
                "fier', ...) in a head that uses it (RegionBBoxHead, BBoxHead,"
                ' Shared2FCBBoxHead, ConvFCBBoxHead); without one, take a '
                'bbox_head whose name begins with Text')
        check_class_agnostic(self)
        self.text_encoder = (
            MODELS.build(text_encoder) if text_encoder else None)
        self.prompt_templates = prompt_templates

    @property
    def classifiers(self) -> List[TextClassifier]:
        """Every text classifier inside (one per stage of a cascade, or per
        layer of a decoder)."""
        return [m for m in self.modules() if isinstance(m, TextClassifier)]

    @property
    def vocabulary(self) -> Optional[Vocabulary]:
        """The classes of testing; ``labels`` index them."""
        return self.classifiers[0].test_vocabulary

    def set_vocabulary(
            self, vocabulary: Union[Vocabulary, Sequence[str]]) -> None:
        """Choose what to detect, now, without touching any file.

        Args:
            vocabulary: Names with embeddings, or plain names, which the text
                encoder then encodes.

        Raises:
            RuntimeError: If names are given and there is no text encoder.
            TypeError: If a single text is given.
            ValueError: If a name is blank or there twice, or embeddings are
                of another CLIP.
        """
        if isinstance(vocabulary, str):
            raise TypeError(f'set_vocabulary takes a list of names, got the '
                            f'string {vocabulary!r}; write [{vocabulary!r}]')
        if not isinstance(vocabulary, Vocabulary):
            if self.text_encoder is None:
                raise RuntimeError(
                    'this detector has no text encoder to encode '
                    f'{list(vocabulary)[:3]}: set model.text_encoder in the '
                    'config, or give a Vocabulary (tools/build_vocabulary.py '
                    'makes one)')
            vocabulary = encode_vocabulary(vocabulary, self.text_encoder,
                                           self.prompt_templates)
        for classifier in self.classifiers:
            classifier.set_test_vocabulary(vocabulary)

    def predict(self,
                batch_inputs: Tensor,
                batch_data_samples: SampleList,
                rescale: bool = True) -> SampleList:
        """Detect; predictions carry ``label_names`` beside ``labels``, and
        ``class_scores``: without objectness in RegionCLIP, in others what
        mmdet gives as scores (ATSS multiplies them with centerness).

        Args:
            batch_inputs: Normalised batch (N, 3, H, W).
            batch_data_samples: One sample per image.
            rescale: Give boxes in original pixels, not in network pixels.

        Returns:
            The samples with ``pred_instances``: ``bboxes`` (M, 4), x1, y1,
            x2, y2, ``scores`` (M,), ``labels`` (M,), which index the test
            vocabulary, and those above.

        Raises:
            RuntimeError: If there is no vocabulary.
            ValueError: If it is of another CLIP than the text encoder.
        """
        names = self._checked_vocabulary().names
        samples = super().predict(batch_inputs, batch_data_samples, rescale)
        for sample in samples:
            instances = sample.pred_instances
            instances.label_names = [names[i] for i in
                                     instances.labels.tolist()]
            if 'class_scores' not in instances:
                instances.class_scores = instances.scores
        return samples

    def _checked_vocabulary(self) -> Vocabulary:
        vocabulary = self.vocabulary
        if vocabulary is None:
            raise RuntimeError(NO_CLASSES)
        if self.text_encoder is not None:
            check_arch(vocabulary, self.text_encoder, 'text_encoder')
        return vocabulary


def check_class_agnostic(detector: nn.Module) -> None:
    """Raise if boxes or masks are refined for each class of training: those
    of a test are others.

    Args:
        detector: Of mmdet.

    Raises:
        ValueError: Naming the key.
    """
    for name, part in detector.named_modules():
        for kind, key in AGNOSTIC.items():
            if (isinstance(part, kind) and getattr(part, 'with_reg', True)
                    and not getattr(part, key)):
                raise ValueError(
                    f'model.{name}.{key}=False has boxes or masks for each '
                    'class of training, but any words may be asked for: set '
                    f'{key}=True')


def check_arch(vocabulary: Vocabulary, owner: nn.Module, part: str,
               key: str = 'cls_predictor_cfg.vocabulary') -> None:
    """Raise if names were embedded by another CLIP than the detector's.

    Args:
        vocabulary: Passes if it does not say by which.
        owner: Part of the detector with an ``arch``; passes without one.
        part: Its name.
        key: Of the vocabulary in the config.

    Raises:
        ValueError: Naming both, and the key.
    """
    arch, own = vocabulary.meta.get('arch'), getattr(owner, 'arch', None)
    if arch and own and arch != own:
        raise ValueError(
            f"the vocabulary is of CLIP's {arch}, the detector's {part} "
            f'is {own}: build it anew with tools/build_vocabulary.py '
            f'--arch {own}, or change {key}')
