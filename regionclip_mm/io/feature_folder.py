"""A folder of region features: parts, each whole or not there.

====================  ========================================================
``features.json``     what the features are of, and the names of all parts
``parts/NAME.ENDING``  the rows of some images, see :mod:`.feature_columns`
``parts/NAME.json``    SHA-256 of that file, number of rows, and the images,
                      also those that could not be used; written last
====================  ========================================================
"""
import hashlib
import json
from contextlib import suppress
from pathlib import Path
from typing import Any, Dict, Iterator, List, NamedTuple, Optional, Sequence

from .feature_columns import KINDS, Columns, joined_columns
from .feature_formats import get_format
from .files import PathLike, leftovers, written_whole
from .json_files import read_json
from .wording import listed

HEAD = 'features.json'
MARK = 'region_features'
FORMAT = 1  # raise it when older folders would be misread
ABOUT = dict(job=dict, names=list, dim=int, storage=str, parts=list)
WRITER = 'tools/extract_region_features.py'


class PartHead(NamedTuple):
    """What is noted of a part.

    Attributes:
        sha256: Of its file.
        rows: How many regions it has.
        images: Paths of the images that were read, with or without regions.
        problems: Of those that were not, and of boxes left out, in words.
        skipped: Number of images that were not read.
    """
    sha256: str
    rows: int
    images: List[str]
    problems: List[str]
    skipped: int


class FeatureFolder:
    """Region features on disk.

    Args:
        root: The folder, which is there already.

    Attributes:
        about: ``job``, what they depend on; ``names`` of the vocabulary;
            ``dim``, size D of a feature; ``storage``, see ``FORMATS``;
            ``parts``, names of all, there or not.

    Raises:
        ValueError: If it is no such folder.
    """

    def __init__(self, root: PathLike) -> None:
        self.root = Path(root)
        self.about = _read_head(self.root)
        self.format = get_format(self.about['storage'])
        self._heads: Dict[str, PartHead] = {}

    @classmethod
    def create(cls, root: PathLike, about: Dict[str, Any]) -> 'FeatureFolder':
        """Begin a folder.

        Args:
            root: Made if need be.
            about: See the attribute.
        """
        text = json.dumps({MARK: dict(about, format=FORMAT)}, indent=1)
        with written_whole(Path(root) / HEAD) as partial:
            partial.write_text(text + '\n', encoding='utf-8')
        return cls(root)

    def file(self, part: str) -> Path:
        """The file of a part's rows."""
        return self.root / 'parts' / f'{part}{self.format.ending}'

    def problem(self, part: str) -> Optional[str]:
        """Why a part has to be written (again): '' if it is not there, None
        if it is there as a whole."""
        file, side = self.file(part), self._side(part)
        if not side.exists():
            return ''  # a file of rows alone: the run was ended between both
        try:
            head = PartHead(**read_json(side))
            found = digest_of(file)
        except FileNotFoundError:
            return f'{file} is missing'
        except (ValueError, TypeError):
            return f'{side} is damaged'
        if found != head.sha256:
            return (f'{file} is cut off or damaged: it does not hold what was '
                    'written')
        if len(self.format.read(file, ['box'])['box']) != head.rows:
            return f'{side} is damaged'
        return None

    def write(self, part: str, columns: Columns, images: Sequence[str],
              problems: Sequence[str], skipped: int) -> None:
        """Write a part, whole or not at all.

        Args:
            part: Its name, one of ``parts``.
            columns: Its rows, see :func:`.feature_columns.make_columns`.
            images, problems, skipped: See :class:`PartHead`.
        """
        self._side(part).unlink(missing_ok=True)
        with written_whole(self.file(part)) as partial:
            self.format.write(partial, columns)
            digest = digest_of(partial)
        head = PartHead(digest, len(columns['image']), list(images),
                        list(problems), skipped)
        with written_whole(self._side(part)) as partial:
            partial.write_text(json.dumps(head._asdict()), encoding='utf-8')

    def heads(self) -> List[PartHead]:
        """What is noted of each part, in order.

        Raises:
            ValueError: If some are not there, or not whole by their notes.
        """
        missing = [part for part in self.about['parts']
                   if not (self._side(part).exists()
                           and self.file(part).exists())]
        if missing:
            raise ValueError(
                f'{self.root} is not complete: {len(missing)} of '
                f'{len(self.about["parts"])} parts are not there '
                f'({listed(missing, 3, str)}); run {WRITER} with the command '
                'that began it, which goes on')
        return [self._head(part) for part in self.about['parts']]

    def columns(self, part: str, names: Sequence[str]) -> Columns:
        """Columns of a part.

        Raises:
            ValueError: Naming the file, if it is damaged.
        """
        try:
            found = self.format.read(self.file(part), names)
        except Exception as error:  # damaged files raise almost anything
            raise ValueError(self._damaged(part, str(error))) from None
        if any(len(column) != self._head(part).rows
               for column in found.values()):
            raise ValueError(self._damaged(part, 'rows are missing'))
        return found

    def read(self, names: Sequence[str] = (*KINDS, )) -> Columns:
        """Columns of all parts; features of many need much memory."""
        return joined_columns([*self.each(names)], self.about['dim'], names)

    def each(self, names: Sequence[str]) -> Iterator[Columns]:
        """Columns of one part after the other."""
        self.heads()
        for part in self.about['parts']:
            yield self.columns(part, names)

    def is_empty(self) -> bool:
        """Whether no part was written yet."""
        return not any(self._side(part).exists()
                       for part in self.about['parts'])

    def tidy(self) -> None:
        """Remove what killed processes left behind; all parts are there."""
        for left in leftovers(self.root / 'parts', 'tmp'):
            left.unlink(missing_ok=True)

    def remove(self) -> None:
        """Remove what is written here, and nothing else."""
        for part in self.about['parts']:
            self._side(part).unlink(missing_ok=True)
            self.file(part).unlink(missing_ok=True)
        (self.root / HEAD).unlink()
        with suppress(OSError):  # not there, or has files of the user's
            (self.root / 'parts').rmdir()
            self.root.rmdir()

    def _head(self, part: str) -> PartHead:
        if part not in self._heads:
            try:
                self._heads[part] = PartHead(**read_json(self._side(part)))
            except TypeError:
                raise ValueError(self._damaged(part, 'its .json')) from None
        return self._heads[part]

    def _damaged(self, part: str, why: str) -> str:
        return (f'{self.file(part)} is cut off or damaged ({why}): run '
                f'{WRITER} with the command that began {self.root}, which '
                'notices it and writes this part anew')

    def _side(self, part: str) -> Path:
        return self.root / 'parts' / f'{part}.json'


def digest_of(path: Path) -> str:
    """SHA-256 of a file."""
    digest = hashlib.sha256()
    with open(path, 'rb') as file:
        while block := file.read(1 << 20):
            digest.update(block)
    return digest.hexdigest()


def is_begun(root: PathLike) -> bool:
    """Whether there are features, or some of them, in a folder.

    Raises:
        ValueError: If it has other files: they would be among them.
    """
    root = Path(root)
    if (root / HEAD).exists():
        return True
    if root.is_dir() and any(root.iterdir()):
        raise ValueError(f'{root} has other files in it, and no {HEAD}: name '
                         'a new or an empty folder for the features')
    return False


def _read_head(root: Path) -> Dict[str, Any]:
    try:
        found = read_json(root / HEAD).get(MARK)
    except (FileNotFoundError, NotADirectoryError):
        raise ValueError(
            f'{root} is no folder of region features: it has no {HEAD}; '
            f'{WRITER} --out makes one') from None
    except (ValueError, AttributeError) as error:
        raise ValueError(f'{root / HEAD} is damaged ({error}): remove the '
                         f'folder {root}, and run {WRITER} again') from None
    if not isinstance(found, dict) or found.get('format') != FORMAT or any(
            not isinstance(found.get(key), kind)
            for key, kind in ABOUT.items()):
        raise ValueError(f'{root / HEAD} is of another program, or of another '
                         f'version of {WRITER}')
    return found
