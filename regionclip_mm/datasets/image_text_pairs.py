"""Images with captions, from COCO captions or a jsonl file."""
import logging
from pathlib import Path
from typing import Any, Dict, Iterator, List, Optional

from mmengine.dataset import BaseDataset
from mmengine.fileio import get_file_backend
from mmengine.logging import print_log

from mmdet.registry import DATASETS

from ..io.skipped_data import (LEFT_OUT, NO_CAPTION, BadSampleError,
                               SkippedData, describe)
from .caption_records import read_coco_captions, read_json_lines
from .captions import usable_captions
from .load_encoded_image import place_of

SUFFIXES = ('.json', '.jsonl', '.jsonl.gz')


@DATASETS.register_module()
class ImageTextPairs(BaseDataset):
    """A sample for each image that has a caption.

    A sample has ``img_id``, ``img_path`` and ``texts``, its captions (list of
    str), of COCO also ``width`` and ``height``. Images without a usable
    caption are left out when the file is read, which is logged in one line.
    An image that the pipeline cannot load (:class:`BadSampleError`) or makes
    None is replaced by another one at random, and counted in ``skipped``.

    Args:
        ann_file: COCO captions (``.json``), or an object in each line
            (``.jsonl``, ``.jsonl.gz``); lines of one image are put together.
        data_prefix: ``img`` is the folder of the images.
        image_key: Of a line: path of the image, also its ``img_id``.
        caption_key: Of a line: a text, or a list of texts.
        max_refetch: Bad samples in a row after which training stops.
        kwargs: Arguments of mmengine's :class:`BaseDataset`.

    Raises:
        FileNotFoundError: If there is no annotation file.
        ValueError: If the file is of another kind or has no usable pair;
            while training, if ``max_refetch`` samples in a row are bad.
    """

    def __init__(self,
                 ann_file: str,
                 data_prefix: dict = dict(img=''),
                 image_key: str = 'image',
                 caption_key: str = 'caption',
                 max_refetch: int = 100,
                 **kwargs: Any) -> None:
        self.image_key, self.caption_key = image_key, caption_key
        self.skipped = SkippedData()
        super().__init__(ann_file=ann_file, data_prefix=data_prefix,
                         max_refetch=max_refetch, **kwargs)

    def check_step(self, images: int) -> None:
        """Raise unless there are as many images as a step takes.

        Args:
            images: Of all processes.

        Raises:
            ValueError: Naming the numbers and what to change.
        """
        if len(self) < images:
            raise ValueError(
                f'{self.ann_file} has {len(self)} images with captions, fewer '
                f'than the {images} of a step (processes x '
                'train_dataloader.batch_size): one would be there twice, '
                'which the losses take for two different ones. Lower '
                'train_dataloader.batch_size or the number of processes')

    def load_data_list(self) -> List[dict]:
        """The samples, in the order of the file."""
        left_out, data = SkippedData(), []
        folder = self.data_prefix.get('img', '')
        join = get_file_backend(folder).join_path
        for record in self._records(left_out):
            texts = usable_captions(record.pop('texts'),
                                    f'{self.ann_file}, {record["img_id"]}',
                                    left_out)
            if texts:
                path = join(folder, record.pop('file'))
                data.append(dict(record, img_path=path, texts=texts))
            else:
                left_out.add(NO_CAPTION,
                             f'{self.ann_file}, {record["img_id"]}')
        if not data:
            raise ValueError(
                f'train_dataloader.dataset.ann_file={self.ann_file} has no '
                f'image with a caption ({left_out}); {self._advice()}'
                + ''.join(f'\n  {why}' for why in left_out.reasons))
        if left_out.counts:
            print_log(f'{self.ann_file}: {len(data)} images with captions; '
                      f'left out or mended: {left_out.with_reasons()}',
                      'current', logging.WARNING)
        return data

    def _records(self, left_out: SkippedData) -> Iterator[Dict[str, Any]]:
        name = Path(self.ann_file).name.lower()
        if not name.endswith(SUFFIXES):
            raise ValueError(
                f'train_dataloader.dataset.ann_file={self.ann_file} should '
                f'end in {", ".join(SUFFIXES)}; for tar shards, use '
                "type='ImageTextShards'")
        if name.endswith('.json'):
            return read_coco_captions(self.ann_file, left_out)
        return read_json_lines(self.ann_file, self.image_key,
                               self.caption_key, left_out)

    def _advice(self) -> str:
        return ('an object in a line needs image_key='
                f'{self.image_key!r} and caption_key={self.caption_key!r}')

    def __getitem__(self, idx: int) -> dict:
        """A sample after the pipeline, perhaps another one than asked for."""
        self._in_a_row: List[str] = []
        return super().__getitem__(idx)

    def prepare_data(self, idx: int) -> Optional[dict]:
        """A sample after the pipeline, or None if it cannot be used."""
        try:
            found = super().prepare_data(idx)
            if found is None:
                raise BadSampleError(LEFT_OUT,
                                     place_of(self.get_data_info(idx)))
            return found
        except BadSampleError as error:
            if self.test_mode:
                raise
            self._note(error)
            return None

    def _note(self, error: BadSampleError) -> None:
        self.skipped.add(error.kind, error.where)
        self._in_a_row.append(describe(error.kind, error.where))
        if len(self._in_a_row) > self.max_refetch:
            raise ValueError(
                f'{len(self._in_a_row)} samples in a row cannot be used. Is '
                'train_dataloader.dataset.data_prefix.img='
                f'{self.data_prefix.get("img")!r} the folder of the images? '
                'The first reasons:\n  ' + '\n  '.join(self._in_a_row[:5])
            ) from error
