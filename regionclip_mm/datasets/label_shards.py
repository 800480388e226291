"""Tar shards and the files of their region labels."""
from typing import Dict, Iterable

from ..io.region_labels import SHARD, shard_stem
from .shard_records import name_of


def shards_by_name(urls: Iterable[str]) -> Dict[str, str]:
    """Tar shards by what stands for them in names of files, in order.

    Raises:
        ValueError: If that of two is the same.
    """
    found: Dict[str, str] = {}
    for url in urls:
        first = found.setdefault(shard_stem(name_of(url)), url)
        if first != url:
            raise ValueError(
                f'the shards {first} and {url} would have the same file of '
                f'labels, {SHARD} being the name without folder and ending: '
                'rename one and label it again, or use them apart')
    return found
