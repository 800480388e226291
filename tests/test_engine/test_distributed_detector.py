"""A detector learns the same on two processes as on one."""
import json
from functools import partial
from pathlib import Path

import numpy as np
import pytest
import torch
from mmengine.dist import get_rank
from nano_training import distance, training_config
from toy_training import final, train

from regionclip_mm.models import RegionRoIHead

LOSSES = ('loss_cls', 'loss_bbox', 'loss_mask')


def run(folder, processes, batch, recipe='coco', patch=None, **changes):
    """Final weights, and the losses of each process; each run starts anew.

    Losses: for each process one row per step, of classification, boxes and,
    if the recipe has them, masks.
    """
    cfg = training_config(folder, recipe, **changes)
    cfg.train_dataloader.batch_size = batch
    cfg.work_dir += f'_{processes}x{batch}'
    notes = Path(cfg.work_dir)
    for old in notes.glob('losses_*.txt'):
        old.unlink()
    train(cfg, partial(note_losses, notes, patch), processes=processes)
    return final(cfg)['state_dict'], np.stack(
        [np.loadtxt(path, ndmin=2) for path in sorted(notes.glob('losses_*'))])


def note_losses(folder, patch):
    """Each process keeps its own losses; the log has the first one's."""
    if patch:
        patch()
    original = RegionRoIHead.loss

    def loss(self, *args):
        result = original(self, *args)
        with open(folder / f'losses_{get_rank()}.txt', 'a') as file:
            print(*(result[name].item() for name in LOSSES
                    if name in result), file=file)
        return result
    RegionRoIHead.loss = loss


def start(folder):
    return torch.load(folder / 'start.pth')['state_dict']


def updates(after, before):
    """What training changed, by name."""
    return {k: after[k] - before[k] for k in after}


def test_two_processes_are_one_with_twice_the_batch(tmp_path):
    """COCO's losses divide by the number of regions, equal in each image."""
    one, losses = run(tmp_path, 1, 2)
    two, local_losses = run(tmp_path, 2, 1)
    before = start(tmp_path)
    expected = updates(one, before)
    assert sum(bool(change.any()) for change in expected.values()) > 30
    assert distance(updates(two, before), expected) < 1e-4
    assert distance(two, one) < 1e-5
    assert local_losses.shape == (2, 4, 2)
    np.testing.assert_allclose(local_losses.mean(0), losses[0], rtol=1e-5)
    assert abs(local_losses[0] - local_losses[1]).max() > 1e-3


def test_batches_that_differ_are_noticed(tmp_path):
    one, _ = run(tmp_path, 1, 2)
    half, _ = run(tmp_path, 1, 1)
    assert distance(half, one) > 1e-4


def fewer_objects(folder):
    """Every other picture keeps one of its three objects."""
    path = folder / 'train.json'
    data = json.loads(path.read_text())
    data['annotations'] = [a for a in data['annotations']
                           if a['image_id'] % 2 or a['category_id'] == 5]
    path.write_text(json.dumps(data))


def test_local_sums_of_weights_are_averaged(tmp_path):
    """LVIS divides by each process's own sum of weights: the step is the mean
    of the steps of two processes alone, not that of the joined batch."""
    training_config(tmp_path, 'lvis')
    fewer_objects(tmp_path)
    plain = dict(recipe='lvis', steps=1, optim_wrapper=dict(
        optimizer=dict(lr=5.0, momentum=0.0, weight_decay=0.0)), model=dict(
            roi_head=dict(bbox_head=dict(loss_cls=dict(bg_weight=0.01)))))
    two, losses = run(tmp_path, 2, 1, **plain)
    assert losses.shape == (2, 1, len(LOSSES))
    before = start(tmp_path)
    alone, values = [], []
    for rank in range(2):
        only = dict(train_dataloader=dict(dataset=dict(indices=[rank])))
        after, value = run(tmp_path, 1, 1, **plain, **only)
        alone.append(updates(after, before))
        values.append(value[0])
    np.testing.assert_allclose(losses, values, rtol=1e-5)
    mean = {k: (alone[0][k] + alone[1][k]) / 2 for k in alone[0]}
    assert distance(updates(two, before), mean) < 1e-3
    joined, joined_losses = run(tmp_path, 1, 2, **plain)
    assert distance(updates(joined, before), mean) > 1e-2
    assert abs(joined_losses[0] - losses.mean(0)).max() > 1e-3


def no_regions_on(*ranks):
    """Neither proposals nor objects reach the RoI head of these processes."""
    def patch():
        original = RegionRoIHead.loss

        def loss(self, x, proposals, samples):
            if get_rank() in ranks:
                proposals = [boxes[:0] for boxes in proposals]
                for sample in samples:
                    sample.gt_instances = sample.gt_instances[:0]
            return original(self, x, proposals, samples)
        RegionRoIHead.loss = loss
    return patch


@pytest.mark.parametrize('recipe', ['coco', 'lvis'])
@pytest.mark.parametrize('ranks', [(1, ), (0, 1)], ids=['one', 'all'])
def test_a_batch_without_a_region_steps(recipe, ranks, tmp_path):
    after, losses = run(tmp_path, 2, 1, recipe, no_regions_on(*ranks),
                        steps=2)
    assert all(value.isfinite().all() for value in after.values())
    for rank in range(2):
        assert (losses[rank] == 0).all() == (rank in ranks)
    # weight decay alone changes weights where nobody has a region
    assert any(change.any() for change in updates(
        after, start(tmp_path)).values())
