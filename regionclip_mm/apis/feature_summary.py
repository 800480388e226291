"""Counts what a folder of region features has."""
from typing import List, NamedTuple

from ..io.feature_folder import FeatureFolder


class FeatureSummary(NamedTuple):
    """A folder in numbers.

    Attributes:
        images: That were read.
        regions: Rows.
        dim: Size D of a feature.
        skipped: Images that could not be read.
        problems: In words: of these, and of boxes that were left out.
    """
    images: int
    regions: int
    dim: int
    skipped: int
    problems: List[str]

    def __str__(self) -> str:
        return (f'{self.images} images, {self.regions} regions, features of '
                f'{self.dim} numbers; {self.skipped} images skipped')


def summary_of(folder: FeatureFolder) -> FeatureSummary:
    """Count a complete folder.

    Raises:
        ValueError: If it is not complete, or no image could be read; then
            nothing of it is kept, so that the same command can try again.
    """
    heads = folder.heads()
    images = sum(len(head.images) for head in heads)
    problems = [problem for head in heads for problem in head.problems]
    if not images:
        folder.remove()
        raise ValueError(
            f'none of the {len(problems)} images can be used; the first: '
            f'{problems[0]} (are they in --image-root?)')
    folder.tidy()
    return FeatureSummary(
        images, sum(head.rows for head in heads), folder.about['dim'],
        sum(head.skipped for head in heads), problems)
