"""Shows images of rare classes more often (repeat-factor sampling)."""
from typing import Iterator, List, Optional

import torch
from mmengine.dataset import BaseDataset, InfiniteSampler
from torch import Tensor

from mmdet.registry import DATA_SAMPLERS


@DATA_SAMPLERS.register_module()
class RepeatFactorSampler(InfiniteSampler):
    """Repeats each image by its repeat factor, rounded anew in every pass.

    The factor of an image is the largest of its classes', that of a class
    ``max(1, sqrt(threshold / frequency))``, its frequency being the share of
    images that have it (Gupta et al., LVIS, CVPR 2019). In each pass over the
    data a factor of 1.3 becomes 2 with probability 0.3, else 1.

    Parity: mmengine's ``ClassBalancedDataset`` instead rounds up, once for
    all: 1.02 becomes 2.

    Indices follow from the seed alone, so that every process draws the same
    passes, of which it takes its share, and a resumed run may skip what it
    has seen. The sampler never ends: use it with an ``IterBasedTrainLoop``.

    Args:
        dataset: Tells the classes of an image (``get_cat_ids``).
        threshold: Share of images below which a class is repeated.
        shuffle: Shuffle each pass.
        seed: The same in all processes; by default they agree on one.
    """

    def __init__(self,
                 dataset: BaseDataset,
                 threshold: float = 1e-3,
                 shuffle: bool = True,
                 seed: Optional[int] = None) -> None:
        if not 0 < threshold <= 1:
            raise ValueError(
                f'train_dataloader.sampler.threshold={threshold}: give the '
                'share of images below which a class is repeated, more than '
                '0 and at most 1 (LVIS: 0.001)')
        if not hasattr(dataset, 'get_cat_ids'):
            raise TypeError(
                f'{type(dataset).__name__} cannot tell the classes of an '
                'image (get_cat_ids), which RepeatFactorSampler needs: use a '
                'detection dataset, or another train_dataloader.sampler')
        super().__init__(dataset, shuffle, seed)
        self.factors = repeat_factors(
            [dataset.get_cat_ids(i) for i in range(len(dataset))], threshold)

    def _infinite_indices(self) -> Iterator[int]:
        """Pass after pass over the images, the same in every process."""
        generator = torch.Generator()
        generator.manual_seed(self.seed)
        while True:
            yield from self._draw_pass(generator).tolist()

    def _draw_pass(self, generator: torch.Generator) -> Tensor:
        """Indices (M,) of one pass."""
        whole = self.factors.floor()
        extra = torch.rand(len(whole), generator=generator)
        times = whole.long() + (extra < self.factors - whole)
        indices = torch.arange(len(whole)).repeat_interleave(times)
        if not self.shuffle:
            return indices
        return indices[torch.randperm(len(indices), generator=generator)]


def repeat_factors(classes: List[List[int]], threshold: float) -> Tensor:
    """How often an image is shown in a pass, on average.

    Args:
        classes: Labels in each image; repeated ones count once.
        threshold: See :class:`RepeatFactorSampler`.

    Returns:
        Factors (N,), float32, at least 1; 1 for an image without objects.
    """
    images = torch.arange(len(classes)).repeat_interleave(
        torch.tensor([len(labels) for labels in classes], dtype=torch.long))
    labels = torch.tensor([x for one in classes for x in one],
                          dtype=torch.long)
    factors = torch.ones(len(classes))
    if len(labels) == 0:
        return factors
    images, labels = torch.stack([images, labels]).unique(dim=1)
    frequency = labels.bincount() / len(classes)
    of_class = (threshold / frequency).sqrt().clamp(min=1)
    return factors.scatter_reduce(0, images, of_class[labels], 'amax')
