"""Repeat-factor sampling: rounded anew, equal everywhere, resumable."""
from collections import Counter
from itertools import islice

import pytest
import torch
from mmengine.dataset import InfiniteSampler
from mmengine.dataset import sampler as mmengine_sampler

from mmdet.registry import DATA_SAMPLERS
from regionclip_mm.datasets import RepeatFactorSampler, repeat_factors

# Of 100 images, class 0 is in all but the last, class 1 in 9, class 2 in one.
CLASSES = [[0, 0, 1]] * 8 + [[0, 1, 2]] + [[0]] * 90 + [[]]


class Images(list):
    """As much of a dataset as the sampler asks for."""

    def get_cat_ids(self, index):
        return self[index]


def make(seed=3, **kwargs):
    return RepeatFactorSampler(Images(CLASSES), threshold=0.16, seed=seed,
                               **kwargs)


def as_rank(monkeypatch, rank, world):
    monkeypatch.setattr(mmengine_sampler, 'get_dist_info',
                        lambda: (rank, world))


def test_factors():
    """sqrt(.16 / .09) = 1.33 and sqrt(.16 / .01) = 4."""
    factors = repeat_factors(CLASSES, 0.16)
    assert factors[:8].tolist() == pytest.approx([4 / 3] * 8)
    assert factors[8].item() == pytest.approx(4)
    assert (factors[9:] == 1).all()
    assert repeat_factors([[], []], 0.5).tolist() == [1, 1]


def test_expectation_and_rounding_anew():
    sampler = make()
    generator = torch.Generator().manual_seed(0)
    passes = torch.stack([sampler._draw_pass(generator).bincount(
        minlength=100) for _ in range(2000)])
    assert set(passes[:, :8].flatten().tolist()) == {1, 2}
    assert passes.float().mean(0)[:8].tolist() == pytest.approx(
        [4 / 3] * 8, abs=0.05)  # 5 deviations: 0.053
    assert (passes[:, 8] == 4).all()
    assert (passes[:, 9:] == 1).all()


def test_the_seed_decides_everything():
    first, again, other = (list(islice(make(seed=s), 1000))
                           for s in (3, 3, 4))
    assert first == again
    assert first != other
    assert list(make(shuffle=False).factors) == list(make().factors)
    assert list(islice(make(shuffle=False), 3)) in ([0, 0, 1], [0, 1, 1],
                                                    [0, 1, 2])


def test_ranks_share_the_passes_among_them(monkeypatch):
    """Interleaved, the shares of 3 processes are what one process draws."""
    whole = list(islice(make(), 999))
    shares = []
    for rank in range(3):
        as_rank(monkeypatch, rank, 3)
        shares.append(list(islice(make(), 333)))
    assert [i for group in zip(*shares) for i in group] == whole
    # In one pass no image goes to two processes more often than its factor.
    assert Counter(whole[:100]).most_common(1)[0][1] <= 4


def test_resuming_by_skipping():
    """Across the end of several passes."""
    sampler = iter(make())
    done = list(islice(sampler, 450))
    rest = list(islice(sampler, 450))
    again = iter(make())
    assert list(islice(again, 450, 900)) == rest
    assert done != rest
    make().set_epoch(3)  # a loop may call it: nothing happens
    assert list(islice(make(), 450)) == done


def test_registered_and_known_as_endless():
    sampler = DATA_SAMPLERS.build(dict(type='RepeatFactorSampler', seed=0),
                                  default_args=dict(dataset=Images(CLASSES)))
    assert isinstance(sampler, InfiniteSampler)
    assert len(sampler) == 100


@pytest.mark.parametrize('threshold', [0, -1, 1.5])
def test_threshold_message(threshold):
    with pytest.raises(ValueError, match='sampler.threshold=.*LVIS: 0.001'):
        RepeatFactorSampler(Images(CLASSES), threshold=threshold)


def test_dataset_without_classes():
    with pytest.raises(TypeError, match=r'list cannot tell.*get_cat_ids'):
        RepeatFactorSampler([1, 2], seed=0)
