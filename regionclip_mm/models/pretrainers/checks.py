"""What must be right before pretraining begins."""
from typing import List, Optional

from mmdet.structures import SampleList

from ...text import Vocabulary
from ..detectors import RegionCLIP


def check_teacher(teacher: RegionCLIP) -> None:
    """Raise unless the teacher has the weights of a region encoder.

    Raises:
        RuntimeError: Naming what lacks.
    """
    missing = teacher.record.missing()
    needed = [key for key in missing if 'fc_reg.' not in key
              and 'mask_head.' not in key]
    if needed:
        raise RuntimeError(
            f'the teacher lacks {len(needed)} weights '
            f'({", ".join(needed[:3])}, ...): set model.teacher.init_cfg='
            "dict(type='Pretrained', checkpoint=...) to a checkpoint of its "
            'arch, converted by tools/model_converters')


def check_pools(pool: Optional[Vocabulary],
                teacher_pool: Optional[Vocabulary]) -> None:
    """Raise unless student and teacher know the same concepts.

    Args:
        pool: The student's training vocabulary.
        teacher_pool: The teacher's vocabulary.

    Raises:
        ValueError: Naming the first difference.
    """
    for owner, found in (('', pool), ('teacher.', teacher_pool)):
        if found is None:
            raise ValueError(
                f'there is no concept pool: set model.{owner}roi_head.'
                'bbox_head.cls_predictor_cfg.vocabulary (tools/'
                'build_concept_pool.py makes one)')
    if len(pool.names) < 2:
        raise ValueError(f'the concept pool has {len(pool.names)} concept '
                         f'({", ".join(pool.names)}): regions learn by '
                         'telling at least two apart')
    if pool.names != teacher_pool.names:
        first = next((i for i, pair in enumerate(
            zip(pool.names, teacher_pool.names)) if pair[0] != pair[1]),
            min(len(pool.names), len(teacher_pool.names)))
        ours, theirs = (names[first:first + 1] or ('none', ) for names in
                        (pool.names, teacher_pool.names))
        raise ValueError(
            f'the concepts of student ({len(pool.names)}) and teacher '
            f'({len(teacher_pool.names)}) differ: concept {first} is '
            f'{ours[0]!r} here and {theirs[0]!r} there; build both '
            'vocabularies from one list')


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
