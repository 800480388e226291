"""The files that a run of labelling writes, and goes on with."""
from contextlib import suppress
from pathlib import Path
from typing import Any, Dict, Sequence

import numpy as np
from torch.utils.data import Dataset, IterableDataset

from ..io.files import PathLike
from ..io.region_label_index import LabelHead, read_head
from ..io.region_label_reader import RegionLabels, check_labels
from ..io.region_label_writer import write_region_labels
from ..io.region_labels import (SHARD, ImageLabels, files_of, index_file,
                                side_file)
from ..io.wording import listed
from .label_data import IMAGES, TAR, joined
from .label_job import differences
from .label_parts import parts_of
from .label_summary import Summary, sizes_of


class LabelFiles:
    """A set of files for each part of a dataset; for images, one of all.

    Args:
        out: ``NAME.json``, which :meth:`merge` writes, while parts are in
            the folder ``NAME.parts``; for tar shards with ``{shard}``, for
            the name of each, which then has files of its own.
        dataset: What is labelled.
        job: What the labels depend on beside the data; plain data.
        names: The concept pool.
        dtype: Of the rows.

    Attributes:
        parts: Json file of each part, there or not -> its samples, with a
            ``digest``.
        has_shards: Whether these are tar shards.

    Raises:
        ValueError: If ``out`` has no ``{shard}`` and the dataset has shards,
            or the other way round.
    """

    def __init__(self, out: PathLike, dataset: Dataset, job: Dict[str, Any],
                 names: Sequence[str], dtype: np.dtype) -> None:
        self.out, self.job = Path(out), job
        self.names, self.dtype = names, dtype
        self.has_shards = isinstance(dataset, IterableDataset)
        if self.has_shards != (SHARD in self.out.name):
            raise ValueError(
                f'OUT is {out}: with {SHARD} in its name there is a file for '
                'each tar shard, which a data set of shards needs and others '
                f'cannot have ({type(dataset).__name__})')
        self.folder = self.out.with_suffix('.parts')
        self.parts = {self._path(name): part
                      for name, part in parts_of(dataset).items()}

    def _path(self, part: str) -> Path:
        if self.has_shards:
            return self.out.with_name(self.out.name.replace(SHARD, part))
        return self.folder / f'{part}.json'

    def is_done(self) -> bool:
        """Whether the file of all parts is there.

        Raises:
            ValueError: If it is of another run.
        """
        if self.has_shards or not self.out.exists():
            return False
        self.checked(self.out)
        return True

    def checked(self, path: Path) -> LabelHead:
        """What is known of files that are there.

        Args:
            path: Of a part, or of all.

        Raises:
            FileNotFoundError: If one of them is not.
            ValueError: If they are damaged, or of another run.
        """
        head = check_labels(path)
        of_job = differences(head.about.get('job', {}), self.job)
        of_data = differences(*(
            {TAR if self.has_shards else IMAGES: about['data']}
            if 'data' in about else {}
            for about in (head.about, dict(data=self._digest(path)))))
        if of_job or of_data:
            remove = files_of(path)
            if path.parent == self.folder:
                remove = f'the folder {self.folder}' + (
                    '' if of_job else f' (or, of this part alone, {remove})')
            raise ValueError(
                f'{path} is of another run, of which differ: '
                f'{listed(of_job + of_data, 5, str)}. Give the same config, '
                f'options and data to go on with it, or remove {remove} to '
                'have this labelled anew')
        return head

    def _digest(self, path: Path) -> Any:
        """Of the data of a part, or of all."""
        return (self.parts[path].digest if path in self.parts else
                joined(part.digest for part in self.parts.values()))

    def write_part(self, path: Path, images: Sequence[ImageLabels],
                   about: Dict[str, Any]) -> None:
        """Write a part's files.

        Args:
            path: Of :attr:`parts`.
            images: That could be read.
            about: ``data``, the part's digest, ``problems``, ``skipped``,
                and what else to note.
        """
        regions = sum(len(labels.rows) for labels in images)
        write_region_labels(path, images, regions, self.names, self.dtype,
                            dict(about, job=self.job))

    def merge(self, summary: Summary) -> None:
        """Write the files of all parts.

        Args:
            summary: Of these; gets the sizes of the new files.
        """
        heads = [read_head(path) for path in self.parts]
        skipped = [name for head in heads for name in head.about['skipped']]
        write_region_labels(
            self.out, (image for path in self.parts
                       for image in RegionLabels(path)),
            summary.regions, self.names, self.dtype,
            dict(job=self.job, data=self._digest(self.out),
                 skipped=sorted(skipped, key=str), problems=summary.problems))
        summary.bytes = sizes_of(self.out)

    def remove_parts(self) -> None:
        """Remove the files of the parts, if they are there."""
        for path in self.parts:
            for file in (path, side_file(path), index_file(path)):
                file.unlink(missing_ok=True)
        with suppress(OSError):  # not there, or has files of the user's
            self.folder.rmdir()
