"""Write the features of regions of many images, to be searched or learned.

    python tools/extract_region_features.py CONFIG WEIGHTS photos/ \\
        --out features/photos

IMAGES are images, folders, lists (*.txt, a path a line) or COCO files
(*.json, with --image-root). Regions are the proposals of the config, or boxes
of a COCO file (--boxes), or detections (--detections). Each row of the parts
in OUT has image, box, objectness, class, probability and feature. An
interrupted run goes on with the same command.
"""
import argparse
import sys
from pathlib import Path
from typing import TYPE_CHECKING, Any, Dict, List, Optional, Tuple

sys.path.insert(0, str(Path(__file__).parents[1]))

from regionclip_mm.command_line import (config_errors, need_file,
                                        one_line_errors, positive, quiet)

if TYPE_CHECKING:  # heavy: imported where it is needed
    from regionclip_mm.apis import RegionInferencer
    from regionclip_mm.apis.feature_processes import Work
    from regionclip_mm.apis.feature_sources import RegionSource
    from regionclip_mm.io.feature_folder import FeatureFolder

if __name__ == '__mp_main__':  # one of several processes
    quiet()


def parse_args(argv: Optional[List[str]] = None) -> argparse.Namespace:
    """The command line."""
    parser = argparse.ArgumentParser(
        description=__doc__,
        formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument('config', help='config of the detector')
    parser.add_argument('weights', help='its checkpoint')
    parser.add_argument('images', nargs='+', metavar='IMAGES',
                        help='images, folders, lists or COCO files')
    parser.add_argument('--out', required=True, metavar='FOLDER',
                        help='folder to write, or to go on with')
    regions = parser.add_mutually_exclusive_group()
    regions.add_argument('--boxes', metavar='JSON',
                         help='regions are the boxes of this COCO file')
    regions.add_argument('--detections', action='store_true',
                         help='regions are what is detected')
    parser.add_argument('--image-root', metavar='FOLDER', help='where file '
                        "names of COCO files begin (default: the file's "
                        'folder)')
    parser.add_argument('--vocabulary', nargs='+', metavar='NAME',
                        help='class names, a file of them *.txt, or a '
                        "vocabulary file *.pth (default: the config's)")
    parser.add_argument('--format', default='parquet',
                        choices=['parquet', 'npz', 'hdf5'],
                        help='of the parts (default: %(default)s)')
    parser.add_argument('--images-per-part', type=positive, default=50,
                        metavar='N', help='an interrupted process loses no '
                        'more (default: %(default)s)')
    parser.add_argument('--processes', type=positive, metavar='N',
                        help='default: one for each GPU, or for each core, at '
                        'most 4; results are the same')
    parser.add_argument('--device', help="'cpu', 'cuda' for all GPUs, "
                        "'cuda:1' for one (default: the best there is)")
    parser.add_argument('--cfg-options', nargs='+', default=[],
                        metavar='KEY=VALUE', help='changes of the config')
    args = parser.parse_args(argv)
    for option in args.cfg_options:
        if '=' not in option:
            parser.error(f'--cfg-options takes KEY=VALUE, got {option!r}')
    return args


def source_of(args: argparse.Namespace, images: List[str]) -> 'RegionSource':
    """Which regions are meant."""
    from regionclip_mm.apis.feature_images import read_boxes
    from regionclip_mm.apis.feature_sources import (Detections, GivenBoxes,
                                                    Proposals)
    if args.boxes:
        return GivenBoxes(read_boxes(args.boxes, images))
    return Detections() if args.detections else Proposals()


def prepare(args: argparse.Namespace, device: str
            ) -> 'Tuple[Work, RegionInferencer, Dict[str, Any]]':
    """What to do, with what, and the record of what it depends on."""
    from regionclip_mm.apis.feature_extraction import divided
    from regionclip_mm.apis.feature_images import list_paths
    from regionclip_mm.apis.feature_job import feature_job
    from regionclip_mm.apis.feature_processes import Work
    from regionclip_mm.apis.open_detector import DetectorFiles, open_detector
    from regionclip_mm.apis.region_features import vocabulary_of
    from regionclip_mm.io.feature_folder import is_begun
    from regionclip_mm.io.feature_formats import get_format
    get_format(args.format)
    is_begun(args.out)
    images = list_paths(args.images, args.image_root)
    source = source_of(args, images)
    files = DetectorFiles(args.config, args.weights, device,
                          tuple(args.cfg_options))
    with config_errors(args.config):
        detect = open_detector(files)
    vocabulary = vocabulary_of(detect, args.vocabulary)
    if args.detections and vocabulary is None:
        raise ValueError('--detections need words: give --vocabulary, as the '
                         'config has none')
    work = Work(files, *(
        (vocabulary.names, vocabulary.embeddings.numpy(), vocabulary.meta)
        if vocabulary else (None, None, {})), source,
        divided(images, args.images_per_part), args.out)
    return work, detect, feature_job(detect, source, vocabulary, images)


def todo(folder: 'FeatureFolder') -> List[str]:
    """Parts to write; those that are damaged are named."""
    names = []
    for part in folder.about['parts']:
        problem = folder.problem(part)
        if problem:
            print(f'{problem}; it is written anew', file=sys.stderr)
        names += [part] if problem is not None else []
    return names


def extract(args: argparse.Namespace) -> None:
    """Write what is missing, and count."""
    from mmengine.device import get_device

    from regionclip_mm.apis.devices import devices_of
    from regionclip_mm.apis.feature_job import open_folder
    from regionclip_mm.apis.out_dir import check_out_dir
    from regionclip_mm.io.folder_lock import locked
    devices = devices_of(args.device or get_device(), args.processes)
    work, detect, job = prepare(
        args, devices[0] if len(devices) == 1 else 'cpu')
    check_out_dir(args.out, ['parts'])
    with locked(args.out):
        open_folder(args.out, job,
                    detect.model.roi_head.bbox_head.region_pool.embed_dim,
                    args.format, work.names or (), list(work.parts))
        run(work, detect, devices)


def run(work: 'Work', detect: 'RegionInferencer', devices: List[str]) -> None:
    """Write the parts that are missing, in the folder that is begun."""
    from rich.console import Console
    from rich.progress import Progress

    from regionclip_mm.apis.feature_processes import run_processes
    from regionclip_mm.apis.feature_summary import summary_of
    from regionclip_mm.io.feature_folder import FeatureFolder
    folder = FeatureFolder(work.out)
    names = todo(folder)
    total = sum(map(len, work.parts.values()))
    left = sum(len(work.parts[name]) for name in names)
    with Progress(console=Console(stderr=True)) as bar:
        task = bar.add_task('images', total=total, completed=total - left)
        steps = (work.extractor(detect).run(names) if len(devices) == 1 else
                 run_processes(work, devices, names))
        for done in steps:
            bar.advance(task, done)
    summary = summary_of(folder)
    print(f'{work.out}: {summary}')
    if summary.problems:
        print(f'{summary.skipped} images were skipped; the first problems:',
              *summary.problems[:5], sep='\n', file=sys.stderr)


def main(argv: Optional[List[str]] = None) -> None:
    """Extract features, or say in one line why not."""
    args = parse_args(argv)
    need_file('config file', args.config)
    need_file('checkpoint', args.weights)
    need_file('COCO file', args.boxes)
    for path in args.images:
        need_file('image, folder or list', path, folder=True)
    quiet()
    with one_line_errors():
        extract(args)


if __name__ == '__main__':
    main()
