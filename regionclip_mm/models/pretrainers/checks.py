"""What must be right before pretraining begins."""
import inspect
from pathlib import Path
from typing import List, Optional, Sequence, Tuple, Union

from torch import nn

from mmdet.structures import SampleList

from ...io.region_label_reader import RegionLabels
from ...io.region_labels import pool_digest
from ...text import Vocabulary
from ..detectors import RegionCLIP
from ..detectors.open_vocabulary import check_arch
from ..layers import TextEmbeddingClassifier

# Parts of a detector that no loss of pretraining reaches.
UNTRAINED = ('roi_head.bbox_head.fc_reg', 'roi_head.mask_head')


def check_settings(num_regions: int, concept_thr: float) -> None:
    """Raise unless regions can be drawn and sorted out by these.

    Args:
        num_regions: Regions per image.
        concept_thr: Probability of a region's best concept.

    Raises:
        ValueError: Naming the key.
    """
    if not isinstance(num_regions, int) or num_regions < 1:
        raise ValueError('model.num_regions takes whole numbers from 1, got '
                         f'{num_regions!r}')
    if (not isinstance(concept_thr, (int, float))
            or not 0 <= concept_thr < 1):
        raise ValueError('model.concept_thr takes probabilities from 0 to '
                         f'below 1, got {concept_thr!r}')


def check_frozen(text_encoder: nn.Module) -> None:
    """Raise if a text tower is to be trained: captions are encoded without
    gradients, as RegionCLIP's pretraining does.

    Raises:
        ValueError: Naming the key.
    """
    if any(weight.requires_grad for weight in text_encoder.parameters()):
        raise ValueError(
            'model.text_encoder.frozen=False, but pretraining does not train '
            'the text tower, whose embeddings of the pool are on disk: leave '
            'the key out')


def check_distillation(loss: Optional[nn.Module], pretrainer: str, right: str,
                       targets: Tuple[str, ...]) -> None:
    """Raise unless a loss takes what this pretrainer has for it.

    Args:
        loss: ``model.loss_region_distill``, built; None passes.
        pretrainer: Class of the model.
        right: A loss that takes it.
        targets: Names of what follows the student's logits.

    Raises:
        ValueError: Naming the key, and that loss.
    """
    if loss is None:
        return
    signature = inspect.signature(loss.forward)
    try:
        signature.bind('logits', *targets)
    except TypeError:
        raise ValueError(
            f"model.loss_region_distill.type='{type(loss).__name__}' takes "
            f'({", ".join(signature.parameters)}), but of {pretrainer} there '
            f'are (logits, {", ".join(targets)}): set it to {right!r}, or to '
            'a loss of your own that takes these') from None


def check_teacher(teacher: RegionCLIP) -> None:
    """Raise unless the teacher has the weights of a region encoder.

    Raises:
        RuntimeError: Naming what lacks.
    """
    apart = tuple(f'{name}.' for name in UNTRAINED)
    needed = [key for key in teacher.record.missing()
              if not key.startswith(apart)]
    if needed:
        raise RuntimeError(
            f'the teacher lacks {len(needed)} weights '
            f'({", ".join(needed[:3])}, ...): set model.teacher.init_cfg='
            "dict(type='Pretrained', checkpoint=...) to a checkpoint of its "
            'arch, converted by tools/model_converters')


def check_teacher_file(init_cfg: Union[dict, List[dict], None]) -> None:
    """Raise if a checkpoint that a teacher names is not there.

    Args:
        init_cfg: Of the teacher, as mmengine takes it; addresses
            (``clip://...``) pass.

    Raises:
        FileNotFoundError: Naming the key and the converter.
    """
    several = init_cfg if isinstance(init_cfg, list) else [init_cfg or {}]
    for path in (one.get('checkpoint') or '' for one in several):
        if path and '://' not in path and (
                not Path(path).expanduser().is_file()):
            raise FileNotFoundError(
                'there is no file model.teacher.init_cfg.checkpoint='
                f'{path!r}: tools/model_converters/clip_to_detector.py '
                'writes it')


def check_pool(pool: Optional[Vocabulary], owner: str = 'model') -> None:
    """Raise unless there are concepts to tell apart.

    Args:
        pool: The vocabulary of a detector.
        owner: That detector in the config.

    Raises:
        ValueError: Naming the key, or the only concept.
    """
    if pool is None:
        raise ValueError(
            f'there is no concept pool: set {owner}.roi_head.bbox_head.'
            'cls_predictor_cfg.vocabulary (tools/build_concept_pool.py makes '
            'one)')
    if len(pool.names) < 2:
        raise ValueError(f'the concept pool has {len(pool.names)} concept '
                         f'({", ".join(pool.names)}): regions learn by '
                         'telling at least two apart')


def check_pools(pool: Optional[Vocabulary],
                teacher_pool: Optional[Vocabulary]) -> None:
    """Raise unless student and teacher know the same concepts.

    Args:
        pool: The student's training vocabulary.
        teacher_pool: The teacher's vocabulary.

    Raises:
        ValueError: Naming the first difference.
    """
    check_pool(pool)
    check_pool(teacher_pool, 'model.teacher')
    if pool.names != teacher_pool.names:
        raise ValueError(
            f'the concepts of student ({len(pool.names)}) and teacher '
            f'({len(teacher_pool.names)}) differ: '
            f'{_first_difference(pool.names, teacher_pool.names)}; build both '
            'vocabularies from one list')


def check_pool_arch(pool: Vocabulary, detector: RegionCLIP,
                    owner: str) -> None:
    """Raise if a detector's concepts were embedded by another CLIP.

    Args:
        pool: Its concepts.
        detector: Student or teacher.
        owner: That detector in the config.

    Raises:
        ValueError: Naming both architectures and the key.
    """
    check_arch(pool, detector.backbone, 'backbone',
               f'{owner}.roi_head.bbox_head.cls_predictor_cfg.vocabulary')


def check_counts(classifier: TextEmbeddingClassifier, owner: str) -> None:
    """Raise unless a detector was built for as many concepts as it has.

    Args:
        classifier: Of the detector; without words of training it passes.
        owner: That detector in the config.

    Raises:
        ValueError: Naming both numbers and the keys.
    """
    pool = classifier.train_vocabulary
    if pool is not None:
        classifier.check_count(len(pool.names), f'{owner}.roi_head.')


def check_label_pool(pool: Optional[Vocabulary], labels: str,
                     digest: str) -> None:
    """Raise unless region labels are of the student's concepts.

    Args:
        pool: The student's training vocabulary.
        labels: Path of the labels, a json file; opened if they differ.
        digest: Of the concepts of the labels.

    Raises:
        ValueError: Naming the first difference.
    """
    check_pool(pool)
    if pool_digest(pool.names) != digest:
        names = RegionLabels(labels).names
        raise ValueError(
            f'the concepts of the student ({len(pool.names)}) and of {labels} '
            f'({len(names)}) differ: {_first_difference(pool.names, names)}; '
            'label the regions with this pool (tools/label_regions.py), or '
            'set model.roi_head.bbox_head.cls_predictor_cfg.vocabulary to '
            'that of the labels')


def check_region_labels(samples: SampleList) -> None:
    """Raise unless all samples have region labels, of as many concepts.

    Raises:
        ValueError: Saying what the pipeline lacks.
    """
    for sample in samples:
        if 'region_labels' not in sample or (
                'concepts' not in sample.get('gt_instances', ())):
            raise ValueError(
                f'image {sample.get("img_path", sample.get("img_id"))} has no '
                "labels of regions: put dict(type='LoadRegionLabels', "
                'ann_file=...) at the beginning of the train pipeline, and '
                "dict(type='PackRegionLabels') at its end")
    sizes = {sample.gt_instances.concepts.shape[1]: sample.region_labels[0]
             for sample in samples}
    if len(sizes) > 1:
        told = ', '.join(f'{k} in {path}' for k, path in sizes.items())
        raise ValueError(f'regions have different numbers of concepts: {told};'
                         ' label all with the same --top-k')


def _first_difference(ours: Sequence[str], theirs: Sequence[str]) -> str:
    """The first place where two lists of concepts differ, in words."""
    first = next((i for i, pair in enumerate(zip(ours, theirs))
                  if pair[0] != pair[1]), min(len(ours), len(theirs)))
    here, there = (names[first:first + 1] or ('none', )
                   for names in (ours, theirs))
    return f'concept {first} is {here[0]!r} here and {there[0]!r} there'


def texts_of(samples: SampleList) -> List[str]:
    """Captions of a batch.

    Raises:
        ValueError: If an image has none.
    """
    texts = [sample.get('text') for sample in samples]
    for sample, text in zip(samples, texts):
        if not isinstance(text, str):
            raise ValueError(
                f'image {sample.get("img_path", sample.get("img_id"))} has '
                f'text={text!r}, not a caption: use a dataset of image-text '
                "pairs, with 'text' in the meta_keys of PackDetInputs")
    return texts
