"""Scenes as COCO annotation files."""
from typing import Dict, Iterable, List, Sequence

from .captions import caption
from .concepts import concepts, indices
from .plans import Plan, make_plan
from .splits import seed

#: concepts that each kind of annotation file names
VOCABULARIES: Dict[str, Sequence[str]] = dict(
    coco=('base', 'novel'), all=('base', 'novel', 'other'))


def image_name(split: str, index: int) -> str:
    """Path of a scene under the data root's ``images``."""
    return f'{split}/{index:05d}.png'


def _boxes(plan: Plan) -> Iterable[tuple]:
    """Concept and COCO box (x, y, w, h) of every object."""
    for o in plan.objects:
        x1, y1, x2, y2 = (round(v, 2) for v in o.box)
        yield o.concept, [x1, y1, round(x2 - x1, 2), round(y2 - y1, 2)]


def _document(split: str, plans: Dict[int, Plan], categories: List[dict],
              rows: Iterable[dict]) -> dict:
    images = [
        dict(id=i, file_name=image_name(split, i), width=plan.width,
             height=plan.height,
             caption=caption(plan, seed(split, i) + '/caption'))
        for i, plan in plans.items()]
    annotations = [
        dict(row, id=n, area=row['bbox'][2] * row['bbox'][3])
        for n, row in enumerate(rows, 1)]
    return dict(images=images, annotations=annotations, categories=categories)


def detection_file(split: str, size: int, vocabulary: str) -> dict:
    """Boxes of the concepts of a vocabulary; other objects are unlabelled.

    Args:
        split: A split of kind ``scene``.
        size: Number of scenes.
        vocabulary: ``coco`` (base and novel) or ``all``.
    """
    return _boxes_of(VOCABULARIES[vocabulary], split, range(size))


def transfer_file(split: str, size: int) -> dict:
    """Boxes of the base classes, for transfer learning.

    Scenes with a novel object are left out, so that none is called
    background; other objects are, as unlabelled ones are in COCO.
    """
    novel = indices('novel')
    return _boxes_of(('base', ), split, [
        i for i in range(size)
        if not any(o.concept in novel for o in make_plan(split, i).objects)])


def _boxes_of(roles: Sequence[str], split: str,
              scenes: Iterable[int]) -> dict:
    """COCO document of these scenes with the objects of these roles."""
    wanted = indices(*roles)
    categories = [dict(id=i + 1, name=concepts()[i].name,
                       supercategory=concepts()[i].role) for i in wanted]
    plans = {i: make_plan(split, i) for i in scenes}
    rows = [dict(image_id=i, category_id=concept + 1, bbox=box, iscrowd=0)
            for i, plan in plans.items()
            for concept, box in _boxes(plan) if concept in wanted]
    return _document(split, plans, categories, rows)


def caption_file(split: str, size: int) -> dict:
    """Captions alone, as COCO's captions_*.json has them."""
    document = _document(split, {i: make_plan(split, i) for i in range(size)},
                         [], [])
    document['annotations'] = [
        dict(id=n, image_id=image['id'], caption=image.pop('caption'))
        for n, image in enumerate(document['images'], 1)]
    return document


def proposal_file(split: str, size: int) -> dict:
    """Class-agnostic boxes for the RPN.

    Objects of base classes are objects; novel and other ones are marked
    ``iscrowd``, so that training neither finds nor rejects them.
    """
    plans = {i: make_plan(split, i) for i in range(size)}
    rows = [dict(image_id=i, category_id=1, bbox=box,
                 iscrowd=int(concepts()[concept].role != 'base'))
            for i, plan in plans.items() for concept, box in _boxes(plan)]
    return _document(split, plans, [dict(id=1, name='object')], rows)
