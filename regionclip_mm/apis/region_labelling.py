"""Writes what the teacher of a pretraining says of regions to files."""
import time
import zlib
from pathlib import Path
from typing import Any, Dict, Iterator, List, NamedTuple, Sequence

import numpy as np
import torch
from mmengine.dataset import pseudo_collate
from mmengine.structures import InstanceData
from torch.utils.data import DataLoader, Dataset

from mmdet.structures import DetDataSample

from ..io.files import PathLike
from ..io.region_labels import ImageLabels, label_dtype
from ..io.wording import listed
from ..models.pretrainers import RegionTextPretrainer
from .label_files import LabelFiles
from .label_images import entry_of, folder_of, scale_of
from .label_parts import Failure, Part
from .label_summary import Summary

META_KEYS = ('img_id', 'img_path', 'shard', 'ori_shape', 'img_shape',
             'scale_factor', 'flip', 'text', 'texts')
ALL_BAD = 5  # parts without a single image, after which a run stops


class Settings(NamedTuple):
    """What is stored.

    Attributes:
        top_k: Concepts of a region.
        num_regions: Of an image, at most.
        storage: Type of the logarithms, 'float16' or 'float32'.
        batch_size: Images that are labelled at a time.
    """
    top_k: int = 128
    num_regions: int = 300
    storage: str = 'float16'
    batch_size: int = 1


class RegionLabeller:
    """Labels a dataset part by part; parts that are there are not repeated.

    Args:
        pretrainer: With all weights.
        dataset: Its samples, by a pipeline without chance.
        out: ``NAME.json``, or with ``{shard}``, see :class:`LabelFiles`.
        settings: What is stored.
        job: What the labels depend on beside the settings; plain data.
        num_workers: Processes that load images, of a shard one at most.

    Raises:
        ValueError: If ``out`` has no ``{shard}`` and the dataset has shards,
            or the other way round.
    """

    def __init__(self, pretrainer: RegionTextPretrainer, dataset: Dataset,
                 out: PathLike, settings: Settings, job: Dict[str, Any],
                 num_workers: int = 0) -> None:
        self.pretrainer = pretrainer.eval()
        self.settings = settings
        self.names = pretrainer.teacher.vocabulary.names
        self.dtype = label_dtype(min(settings.top_k, len(self.names)),
                                 len(self.names), settings.storage)
        # After too little memory a run goes on with smaller batches.
        noted = dict(job, **settings._asdict())
        del noted['batch_size']
        self.files = LabelFiles(out, dataset, noted, self.names, self.dtype)
        self.num_workers = (min(num_workers, 1) if self.files.has_shards
                            else num_workers)
        self.folder = folder_of(dataset)

    def run(self, first: int = 0, step: int = 1) -> Iterator[int]:
        """Label each ``step``-th part, from ``first`` on.

        Yields:
            A number of images that are done, now and then.

        Raises:
            ValueError: If there are files of another job, or the first
                :data:`ALL_BAD` parts have no image that can be labelled.
        """
        if self.files.is_done():
            yield self.files.checked(self.files.out).about['images']
            return
        images, bad = 0, []
        for path, part in list(self.files.parts.items())[first::step]:
            is_new = not path.exists()
            if is_new:
                yield from self._label_part(path, part)
            about = self.files.checked(path).about
            images += about['images']
            if is_new and not images:
                bad.append(path)
                self._stop_if_all_bad(bad, about['problems'])
            elif not is_new:
                yield about['images'] + len(about['problems'])

    def _label_part(self, path: Path, part: Part) -> Iterator[int]:
        """No batch is of two parts: regions depend a little on the padding
        to the largest image of a batch."""
        torch.manual_seed(zlib.crc32(path.stem.encode()))  # of random boxes
        begun, found, failures = time.perf_counter(), [], []
        data = part.digest  # before it is read: a copy may still go on
        for batch in DataLoader(part, self.settings.batch_size,
                                num_workers=self.num_workers,
                                collate_fn=list):
            failures += [x for x in batch if isinstance(x, Failure)]
            found += self.label([x for x in batch
                                 if not isinstance(x, Failure)])
            yield len(batch)
        self.files.write_part(path, found, dict(
            data=data, problems=[failure.reason for failure in failures],
            seconds=time.perf_counter() - begun,
            skipped=[failure.image_id for failure in failures
                     if failure.image_id is not None]))

    @staticmethod
    def _stop_if_all_bad(parts: Sequence[Path],
                         problems: Sequence[str]) -> None:
        if len(parts) >= ALL_BAD:
            raise ValueError(
                f'no image could be labelled in {len(parts)} parts of the '
                f'data one after the other, in the last one: '
                f'{listed(problems, 3, str) or "there is none"}. If they are '
                f'to be used, mend that and remove {parts[0]} to '
                f'{parts[-1].name}; if not, the same command goes on behind '
                'them')

    @torch.no_grad()
    def label(self, batch: Sequence[dict]) -> List[ImageLabels]:
        """Label packed samples.

        Args:
            batch: Of the dataset; may be empty.

        Returns:
            Labels of each image, boxes in original pixels.
        """
        if not batch:
            return []
        data = self.pretrainer.data_preprocessor(pseudo_collate(batch), False)
        found = self.pretrainer.label(
            data['inputs'], data['data_samples'], self.settings.top_k,
            self.settings.num_regions)
        return [self._labels(sample, regions.cpu())
                for sample, regions in zip(data['data_samples'], found)]

    def _labels(self, sample: DetDataSample,
                regions: InstanceData) -> ImageLabels:
        scale = scale_of(sample)
        rows = np.zeros(len(regions), self.dtype)
        for field in ('concepts', 'log_probs', 'log_rest'):
            rows[field] = regions[field].numpy()
        rows['boxes'] = regions.bboxes.numpy() / scale
        rows['scores'] = regions.log_probs[:, 0].exp().numpy()
        rows['objectness'] = regions.scores.numpy()
        return ImageLabels(entry_of(sample, self.folder), rows)

    def finish(self) -> Summary:
        """Count, and join the parts, unless they are shards.

        Raises:
            FileNotFoundError: If a part is not there yet.
            ValueError: If no image could be labelled.
        """
        files, summary = self.files, Summary()
        for path in [files.out] if files.is_done() else files.parts:
            summary.add(path, files.checked(path))
        if not summary.images:
            files.remove_parts()  # when the data is mended they are wrong
            raise ValueError(
                'no image could be labelled: '
                f'{listed(summary.problems, 3, str) or "there is none"}')
        if not files.has_shards:
            if not files.is_done():
                files.merge(summary)
            files.remove_parts()
        return summary
