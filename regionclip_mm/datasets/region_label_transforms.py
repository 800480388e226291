"""Puts the teacher's labels of regions into samples."""
from functools import lru_cache
from typing import List, Optional, Sequence, Tuple

import numpy as np
from mmcv.transforms import BaseTransform

from mmdet.datasets.transforms import PackDetInputs
from mmdet.registry import TRANSFORMS
from mmdet.structures.bbox import HorizontalBoxes

from ..io.files import PathLike
from ..io.region_label_reader import RegionLabels, check_labels
from ..io.region_labels import (SHARD, WRITER, ImageId, index_file,
                                pool_digest, shard_stem, written_anew)
from .label_shards import shards_by_name

META = 'region_labels'  # path of the labels, and digest of their concepts
SHAPE = 'region_label_shape'  # of the image that was labelled, (H, W)
# As mmdet names them before packing -> in `gt_instances`.
FIELDS = dict(gt_concepts='concepts', gt_log_probs='log_probs',
              gt_log_rest='log_rest', gt_scores='scores')


@TRANSFORMS.register_module()
class LoadRegionLabels(BaseTransform):
    """The first step of an offline pipeline: regions as annotated boxes.

    Sets ``gt_bboxes``, in original pixels, for the transforms that move
    boxes. ``gt_bboxes_labels`` are structures of all that is known of a
    region, so that transforms that leave out boxes leave out these, too;
    :class:`PackRegionLabels` takes them apart. An image that could not be
    read when the labels were written becomes None, which data sets skip. One
    of another file name, folders aside, or of another size stops a training:
    the labels are of other images that have the same ids.

    Args:
        ann_file: ``NAME.json`` of ``tools/label_regions.py``, beside which
            are ``NAME.index.jsonl``, read at once, and ``NAME.npy``, mapped;
            or, with ``{shard}`` for the name of a tar without its ending, a
            pattern of files, read when their turn comes.

    Attributes:
        pools: Of the labels that are known to be there, a path and the digest
            of its concepts; of shards, which are alike, the first.
    """

    def __init__(self, ann_file: PathLike) -> None:
        self.ann_file = str(ann_file)
        self._open = lru_cache(2)(RegionLabels)
        self.pools: List[Tuple[str, str]] = []
        if SHARD not in self.ann_file:
            self.pools.append((self.ann_file,
                               self._open(self.ann_file).digest))

    def __getstate__(self) -> dict:
        """For processes that are not forked, which read the file anew."""
        return dict(ann_file=self.ann_file)

    def __setstate__(self, state: dict) -> None:
        self.__init__(**state)

    def transform(self, results: dict) -> Optional[dict]:
        """Find a sample's regions by its ``img_id``.

        Raises:
            ValueError: If the labels are of other images, or damaged.
        """
        labels = self._open(self._path(results))
        image_id = results.get('img_id')
        if image_id not in labels:
            if image_id in labels.skipped:
                return None
            raise ValueError(
                f'{labels.path} has no image with the id {image_id!r}, nor was'
                ' it skipped when the labels were written: they are of another'
                ' data set, or of this one with other images or captions. '
                'Change LoadRegionLabels.ann_file, or remove this file and '
                f'run {WRITER} again, which writes what is not there')
        _check_name(labels, image_id, results.get('img_path'))
        found = labels[image_id]
        # torch takes no fields of a structure as they lie
        results['gt_bboxes'] = HorizontalBoxes(found['boxes'].copy())
        results['gt_bboxes_labels'] = found
        results[META] = str(labels.path), labels.digest
        results[SHAPE] = labels.shape(image_id)
        return results

    def check_shards(self, shards: Sequence[str]) -> None:
        """Raise unless there is a file for each shard, before it is needed.

        Args:
            shards: Addresses of the tars.

        Raises:
            FileNotFoundError: Naming a file that is not there.
            ValueError: If two shards would have the same, labels are damaged,
                or not all of the same concepts and as many for a region.
        """
        if SHARD not in self.ann_file and len(shards) > 1:
            raise ValueError(
                f'LoadRegionLabels.ann_file={self.ann_file!r} is one file for '
                f'{len(shards)} tar shards, in which samples may have the '
                f'same names: put {SHARD} into it, as for {WRITER}')
        lacking = [path for path in (
            index_file(self._path(dict(shard=name)))
            for name in shards_by_name(shards)) if not path.is_file()]
        if lacking:
            raise FileNotFoundError(
                f'{len(lacking)} of {len(shards)} tar shards have no labels, '
                f'for example {lacking[0]} is not there '
                f'(LoadRegionLabels.ann_file={self.ann_file!r}): {WRITER} '
                'writes them, and leaves those alone that are there')
        paths = [self._path(dict(shard=name))
                 for name in shards_by_name(shards)]
        self.pools = [(path, _digest_of_all(paths)) for path in paths[:1]]

    def _path(self, results: dict) -> str:
        if SHARD not in self.ann_file:
            return self.ann_file
        if 'shard' not in results:
            raise ValueError(
                f'LoadRegionLabels.ann_file={self.ann_file!r} has {SHARD}, '
                'but the samples are of no tar shards: name one file')
        return self.ann_file.replace(SHARD, shard_stem(results['shard']))

    def __repr__(self) -> str:
        return f'{type(self).__name__}(ann_file={self.ann_file!r})'


def _digest_of_all(paths: Sequence[str]) -> str:
    """Of the concepts of labels, which are there as a whole, and alike."""
    first = None
    for path in paths:
        about, names = check_labels(path)
        kind = about['top_k'], names
        if first is not None and kind != first:
            raise ValueError(
                f'labels of {paths[0]} have the {first[0]} best of '
                f'{len(first[1])} concepts, those of {path} the {kind[0]} of '
                f'{len(names)}' + (', which are others'
                                   if names != first[1] else '')
                + f': {written_anew(path)}')
        first = kind
    return pool_digest(first[1])


def _check_name(labels: RegionLabels, image_id: ImageId,
                path: Optional[str]) -> None:
    """Raise if a labelled image had another file name; shards have none."""
    if path is None or labels.is_named(image_id, str(path)):
        return
    name = next(image['file_name'] for image in labels.images
                if image['id'] == image_id)
    raise ValueError(
        f'image {image_id!r} is {path}, but its labels in {labels.path} are '
        f'of {name}: they are of another data set, or of this one with other '
        'ids. Change LoadRegionLabels.ann_file, or label these images: '
        f'{written_anew(labels.path)}')


@TRANSFORMS.register_module()
class PackRegionLabels(PackDetInputs):
    """mmdet's last step, for samples of :class:`LoadRegionLabels`.

    ``gt_instances`` get ``labels``, the best concepts (R,), ``scores``, their
    probabilities (R,), ``concepts`` (R, k), ``log_probs`` (R, k) and
    ``log_rest`` (R,), float32; see ``TopKDistillLoss``. Stands behind the
    step that loads the image, whose ``ori_shape`` must be that of the image
    that was labelled.

    Args:
        meta_keys: As in mmdet.
    """

    mapping_table = {**PackDetInputs.mapping_table, **FIELDS}

    def __init__(self, meta_keys: Sequence[str] = (
            'img_id', 'img_path', 'ori_shape', 'img_shape', 'scale_factor',
            'flip', 'flip_direction', 'text')) -> None:
        super().__init__((*meta_keys, META))

    def transform(self, results: dict) -> dict:
        """Take the labels apart, then pack.

        Raises:
            ValueError: If there are no labels of regions, or the image had
                another size when it was labelled.
        """
        rows = results.get('gt_bboxes_labels')
        if getattr(getattr(rows, 'dtype', None), 'names', None) is None:
            raise ValueError('PackRegionLabels found no labels of regions: '
                             "put dict(type='LoadRegionLabels', ann_file=...)"
                             ' at the beginning of the pipeline')
        _check_size(results)
        for key, field in FIELDS.items():
            kind = np.int64 if field == 'concepts' else np.float32
            results[key] = rows[field].astype(kind)
        results['gt_bboxes_labels'] = results['gt_concepts'][:, 0]
        return super().transform(results)


def _check_size(results: dict) -> None:
    now, then = results.get('ori_shape'), results.pop(SHAPE, None)
    if now is None or then is None or tuple(now[:2]) == tuple(then):
        return
    path, _ = results[META]
    name = results.get('img_path', results.get('shard'))
    raise ValueError(
        f'image {results["img_id"]!r} ({name}) has {now[1]} x {now[0]} pixels,'
        f' but had {then[1]} x {then[0]} when its regions were labelled, in '
        f'{path}: boxes would be at wrong places. Use the images that were '
        f'labelled, or label these: {written_anew(path)}')
