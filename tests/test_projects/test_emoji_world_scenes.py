"""The generator: same seed same scene, honest boxes, honest captions."""
import json
import re

import numpy as np
import pytest

from projects.emoji_world.emoji_world import coco
from projects.emoji_world.emoji_world.atlas import OPAQUE, sprites
from projects.emoji_world.emoji_world.backgrounds import KINDS, plan_background
from projects.emoji_world.emoji_world.captions import caption
from projects.emoji_world.emoji_world.concepts import STYLES, concepts, names
from projects.emoji_world.emoji_world.datasets import EmojiCaptionDataset
from projects.emoji_world.emoji_world.dice import Dice
from projects.emoji_world.emoji_world.plans import Plan, make_plan
from projects.emoji_world.emoji_world.render import render
from projects.emoji_world.emoji_world.splits import SPLITS, seed
from regionclip_mm.datasets.ov_splits import COCO_BASE_48, COCO_NOVEL_17

SAMPLES = [(s, i) for s in ('pairs_train', 'eval', 'eval_unseen', 'single_dev')
           for i in range(0, 60, 3)]


def test_concepts_are_many_distinct_and_in_cocos_split():
    assert len(names()) == len(set(names())) >= 400
    assert len({c.code for c in concepts()}) == len(names())
    assert set(names('base')) <= set(COCO_BASE_48)
    assert set(names('novel')) <= set(COCO_NOVEL_17)
    others = set(names('other'))
    assert not others & (set(COCO_BASE_48) | set(COCO_NOVEL_17))


@pytest.mark.parametrize('style', STYLES)
def test_every_concept_is_drawn_in_every_style(style):
    tiles = sprites(style)
    assert len(tiles) == len(concepts())
    assert ((tiles[..., 3] >= OPAQUE).sum((1, 2)) > 150).all()
    flat = {tile.tobytes() for tile in tiles}
    assert len(flat) == len(tiles)


@pytest.mark.parametrize('kind', sorted(set(KINDS)))
def test_every_background_can_be_painted(kind):
    found = [b for b in (plan_background(Dice(f'{i}')) for i in range(99))
             if b.kind == kind]
    image = render(Plan(131, 77, found[0]))
    assert image.shape == (77, 131, 3) and image.dtype == np.uint8


@pytest.mark.parametrize('sample', SAMPLES[::7])
def test_a_sample_is_decided_by_its_split_and_index(sample):
    plan, again = make_plan(*sample), make_plan(*sample)
    assert plan == again
    assert (render(plan) == render(again)).all()
    assert caption(plan, 'a') == caption(again, 'a')
    assert plan != make_plan(sample[0], sample[1] + 1000)


def _mask(plan, placed):
    """Opaque pixels of one object: its drawing on black minus on white."""
    background = plan.background
    images = []
    for shade in (0., 255.):
        flat = type(background)('plain', background.names,
                                ((shade, ) * 3, ) * 2, 0., 20., (0., 0.))
        alone = Plan(plan.width, plan.height, flat, [placed])
        images.append(render(alone).astype(int).mean(-1))
    return images[1] - images[0] <= 255 - OPAQUE


@pytest.mark.parametrize('sample', SAMPLES)
def test_boxes_are_tight_and_objects_visible(sample):
    plan = make_plan(*sample)
    assert plan.objects
    masks = [_mask(plan, o) for o in plan.objects]
    for i, (placed, mask) in enumerate(zip(plan.objects, masks)):
        x1, y1, x2, y2 = placed.box
        assert 0 <= x1 < x2 <= plan.width + 1e-6
        assert 0 <= y1 < y2 <= plan.height + 1e-6
        ys, xs = np.nonzero(mask)
        drawn = (xs.min(), ys.min(), xs.max() + 1, ys.max() + 1)
        assert np.abs(np.subtract(drawn, placed.box)).max() < 4
        hidden = np.any(masks[i + 1:], axis=0) if masks[i + 1:] else False
        assert (mask & ~np.asarray(hidden)).sum() >= 0.6 * mask.sum()


@pytest.mark.parametrize('sample', SAMPLES)
def test_captions_name_the_objects_and_read_well(sample):
    plan = make_plan(*sample)
    text = caption(plan, seed(*sample) + '/caption')
    for placed in plan.objects:
        noun = concepts()[placed.concept]
        assert noun.name in text or noun.many in text
    assert not re.search(r'\b[aA] [aeio]|\ban [^aeiouh]|  | ,|\bis two', text)
    assert text == text.lower().strip()


def test_scenes_are_mostly_of_coco_classes():
    roles = [concepts()[o.concept].role for i in range(80)
             for o in make_plan('eval', i).objects]
    share = sum(r != 'other' for r in roles) / len(roles)
    assert 0.6 < share < 0.8
    assert 3.5 < len(roles) / 80 < 6


def test_styles_keep_to_their_splits():
    for name, split in SPLITS.items():
        used = {o.style for i in range(30)
                for o in make_plan(name, i).objects}
        assert used <= set(split.styles)
        assert ('fluent' in used) == name.endswith('_unseen')


def test_single_splits_show_every_concept_equally_often():
    seen = [make_plan('single_dev', i).objects[0]
            for i in range(SPLITS['single_dev'].size)]
    assert sorted((o.concept, o.style) for o in seen) == sorted(
        (k, s) for k in range(len(concepts())) for s in ('noto', 'twemoji'))


def test_unknown_split_names_the_known_ones():
    with pytest.raises(KeyError, match="'train' is unknown.*pairs_train"):
        make_plan('train', 0)


def test_rpn_learns_from_base_boxes_only():
    document = coco.proposal_file('rpn_train', 30)
    roles = [concepts()[o.concept].role for i in range(30)
             for o in make_plan('rpn_train', i).objects]
    assert [a['iscrowd'] for a in document['annotations']] == [
        int(role != 'base') for role in roles]
    assert {'base', 'novel', 'other'} == set(roles)


@pytest.mark.parametrize('vocabulary', ['coco', 'all'])
def test_annotation_files_hold_the_vocabulary(vocabulary):
    document = json.loads(json.dumps(
        coco.detection_file('dev', 20, vocabulary)))
    known = {c['id']: c['name'] for c in document['categories']}
    assert list(known.values()) == list(
        names(*coco.VOCABULARIES[vocabulary]))
    plan = make_plan('dev', 3)
    wanted = [concepts()[o.concept].name for o in plan.objects
              if concepts()[o.concept].name in known.values()]
    assert [known[a['category_id']] for a in document['annotations']
            if a['image_id'] == 3] == wanted


def test_caption_dataset_gives_what_mmdet_models_take():
    dataset = EmojiCaptionDataset('pairs_dev')
    item = dataset[5]
    assert len(dataset) == SPLITS['pairs_dev'].size
    assert tuple(item['inputs'].shape) == (3, 128, 128)
    image = render(make_plan('pairs_dev', 5))
    assert (item['inputs'].numpy().transpose(1, 2, 0) == image).all()
    sample = item['data_samples']
    assert isinstance(sample.text, str) and dataset.concept(5) in names()
