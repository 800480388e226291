"""The shipped miniature: right names at the right places."""
import sys
import warnings

import pytest
import torch
from nano import ROOT
from torchvision.ops import box_iou

PROJECT = ROOT / 'projects/emoji_world'
WEIGHTS = PROJECT / 'weights/regionclip_nano.pth'

pytestmark = pytest.mark.skipif(not WEIGHTS.exists(),
                                reason='the nano weights are not there')


@pytest.fixture(scope='module')
def scenes() -> list:
    """Unseen scenes: image, boxes (N, 4) and COCO names of its objects."""
    sys.path.insert(0, str(ROOT))
    from projects.emoji_world.emoji_world.concepts import concepts
    from projects.emoji_world.emoji_world.plans import make_plan
    from projects.emoji_world.emoji_world.render import render
    scenes = []
    for index in range(8):
        plan = make_plan('demo', index)
        known = [o for o in plan.objects
                 if concepts()[o.concept].role != 'other']
        scenes.append((render(plan),
                       torch.tensor([o.box for o in known]).reshape(-1, 4),
                       [concepts()[o.concept].name for o in known]))
    return scenes


@pytest.fixture(scope='module')
def detect():
    sys.path.insert(0, str(ROOT))
    from regionclip_mm.apis import RegionInferencer
    return RegionInferencer(
        str(PROJECT / 'configs/regionclip_nano.py'), str(WEIGHTS),
        device='cpu', show_progress=False)


def hits(scenes: list, predictions: list) -> float:
    """Share of the objects that a box of the right name overlaps."""
    right = total = 0
    for (_, boxes, names), found in zip(scenes, predictions):
        overlap = box_iou(boxes, torch.tensor(found['bboxes']).reshape(-1, 4))
        same = torch.tensor([[name == other for other in found['label_names']]
                             for name in names]).reshape(overlap.shape)
        right += int(((overlap > 0.5) & same).any(1).sum())
        total += len(names)
    return right / total


def test_nothing_is_warned_of_that_does_not_matter():
    """mmdet would miss a palette, and class names, in the checkpoint."""
    from regionclip_mm.apis import RegionInferencer
    with warnings.catch_warnings(record=True) as caught:
        warnings.simplefilter('always')
        RegionInferencer(str(PROJECT / 'configs/regionclip_nano.py'),
                         str(WEIGHTS), device='cpu')
        warnings.warn('something else')
    said = [str(item.message) for item in caught]
    assert not [text for text in said
                if 'palette' in text or 'class names' in text]
    assert 'something else' in said


def test_finds_what_the_words_say(detect, scenes):
    from projects.emoji_world.emoji_world.concepts import names
    images = [image for image, *_ in scenes]
    found = detect(images, vocabulary=names('base', 'novel'),
                   unique_boxes=True, max_boxes=12)['predictions']
    assert hits(scenes, found) > 0.6
    own = [[*objects, 'giraffe'] for *_, objects in scenes]
    own = [list(dict.fromkeys(words)) for words in own]
    easier = detect(images, texts=own, unique_boxes=True,
                    max_boxes=12)['predictions']
    assert hits(scenes, easier) > hits(scenes, found)


def test_mmdets_inferencer_with_the_shipped_files(tmp_path):
    from nano import make_image

    from mmdet.apis import DetInferencer
    root = ROOT / 'projects/emoji_world'
    detect = DetInferencer(str(root / 'configs/regionclip_nano.py'),
                           str(root / 'weights/regionclip_nano.pth'),
                           device='cpu', show_progress=False)
    result = detect(make_image(128, 128), return_vis=True)
    assert len(result['predictions']) == 1
