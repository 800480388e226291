"""The pairs of a tar shard, with an account of what is no pair."""
from typing import (Any, Dict, Iterator, NamedTuple, Optional, Sequence, Set,
                    Union)
from urllib.parse import unquote

from ..io.sample_captions import CaptionSource, captions_of
from ..io.skipped_data import (DAMAGED_SHARD, NO_CAPTION, NO_IMAGE,
                               REPEATED_KEY, BadSampleError, SkippedData)
from ..io.tar_members import Sample
from ..io.webdataset_shards import read_shard
from .captions import usable_captions

IMAGES = ('jpg', 'jpeg', 'png', 'webp')
Extensions = Union[str, Sequence[str]]


class ShardRecord(NamedTuple):
    """What stands in a shard: a pair, or what is wrong in its place.

    Attributes:
        data: ``img_id``, ``img_bytes``, ``texts``, ``shard``; or None.
        account: What is wrong, or was mended.
    """
    data: Optional[Dict[str, Any]]
    account: SkippedData


class ShardRecords:
    """Finds image and captions among the members of samples.

    Args:
        images: Extensions of images, best first; or a single one.
        members: Extensions of captions, best first, or a single one; a 'json'
            one is read by ``key``, others are a caption as a whole.
        key: Of a json object; its value is a text or a list of texts.
    """

    def __init__(self, images: Extensions, members: Extensions,
                 key: str) -> None:
        self.images, members = (
            tuple(name.lstrip('.').lower() for name in (
                [names] if isinstance(names, str) else names))
            for names in (images, members))
        self.source = CaptionSource(key, members)

    def read(self, url: str) -> Iterator[ShardRecord]:
        """The records of a shard in their order.

        Of samples with one name the first is used: labels of regions are
        found by it.

        Args:
            url: See :func:`find_shards`.
        """
        used: Set[str] = set()
        for found in read_shard(url, (*self.images, *self.source.members)):
            account, data = SkippedData(), None
            try:
                if found.damage:
                    raise BadSampleError(DAMAGED_SHARD,
                                         f'{url}: {found.damage}')
                if found.key in used:
                    raise BadSampleError(
                        REPEATED_KEY, f'{name_of(url)}, {found.key}: a sample '
                        'before it has this name')
                data = self._pair(found, name_of(url), account)
                used.add(found.key)
            except BadSampleError as error:
                account.add(error.kind, error.where)
            yield ShardRecord(data, account)

    def _pair(self, found: Sample, shard: str,
              account: SkippedData) -> Dict[str, Any]:
        where = f'{shard}, {found.key}'
        image = next((m for m in self.images if m in found.members), None)
        if image is None:
            raise BadSampleError(
                NO_IMAGE, f'{where}: no member {" or ".join(self.images)}')
        texts = usable_captions(captions_of(found, self.source, shard),
                                where, account)
        if not texts:
            raise BadSampleError(NO_CAPTION, f'{where}: it is blank')
        return dict(img_id=found.key, img_bytes=found.members[image],
                    texts=texts, shard=shard)


def name_of(url: str) -> str:
    """File name of a shard without its folder."""
    name = url.rpartition('/')[2]
    return unquote(name) if url.startswith('file://') else name
