"""Find regions by a sentence, or by an example image.

    python tools/search_regions.py features/photos 'a red car' \\
        --config CONFIG --weights WEIGHTS --out found.png

FOLDER is one of tools/extract_region_features.py, of the same config and
weights. The index is made at the first search, and kept there.
"""
import argparse
import sys
import time
from pathlib import Path
from typing import TYPE_CHECKING, List, Optional

sys.path.insert(0, str(Path(__file__).parents[1]))

from regionclip_mm.command_line import (config_errors, need_file,
                                        one_line_errors, positive, quiet)

if TYPE_CHECKING:  # heavy: imported where it is needed
    from regionclip_mm.apis.region_search import Found


def parse_args(argv: Optional[List[str]] = None) -> argparse.Namespace:
    """The command line."""
    parser = argparse.ArgumentParser(
        description=__doc__,
        formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument('folder', help='folder of region features')
    parser.add_argument('query', nargs='?', help='a sentence or a word')
    parser.add_argument('--image', help='an example, instead of a query')
    parser.add_argument('--box', nargs=4, type=float,
                        metavar=('X1', 'Y1', 'X2', 'Y2'),
                        help='what of the example is meant (default: all)')
    parser.add_argument('--config', required=True, help='of the detector')
    parser.add_argument('--weights', required=True, help='its checkpoint')
    parser.add_argument('--top', type=positive, default=20, metavar='N',
                        help='regions to show (default: %(default)s)')
    parser.add_argument('--out', metavar='PICTURE',
                        help='draw the regions in one picture, *.png')
    parser.add_argument('--device', help='default: the best there is')
    args = parser.parse_args(argv)
    if (args.query is None) == (args.image is None):
        parser.error('give either a query or --image')
    if args.box and not args.image:
        parser.error('--box is of --image, which is not given')
    return args


def search(args: argparse.Namespace) -> 'List[Found]':
    """Load, make the index if there is none, and search."""
    from regionclip_mm.apis.image_loading import load_image
    from regionclip_mm.apis.open_detector import DetectorFiles, open_detector
    from regionclip_mm.apis.out_dir import check_out_file
    from regionclip_mm.apis.region_search import RegionSearch
    from regionclip_mm.io.feature_folder import FeatureFolder
    folder = FeatureFolder(args.folder)
    folder.heads()
    if args.query is not None and not args.query.strip():
        raise ValueError('the query is empty: write what to look for, for '
                         "example 'a red car'")
    if args.image:
        load_image(args.image)
    if args.out:
        check_out_file(args.out)
    with config_errors(args.config):
        detect = open_detector(DetectorFiles(
            args.config, args.weights, args.device), show_progress=False)
    regions = RegionSearch(folder, detect)
    begun = time.perf_counter()
    found = (regions.by_image(args.image, args.box, args.top) if args.image
             else regions.by_text(args.query, args.top))
    print(f'searched {len(regions.regions)} regions in '
          f'{time.perf_counter() - begun:.3f} s', file=sys.stderr)
    return found


def draw(found: 'List[Found]', path: str) -> None:
    """Draw what was found."""
    from regionclip_mm.apis.contact_sheet import Tile, draw_sheet
    missing = draw_sheet([Tile(
        one.image, one.box, (f'{one.similarity:.3f} {one.label}', one.image))
        for one in found], path)
    if missing:
        print(f'{len(missing)} images are not where they were, the first: '
              f'{missing[0]}', file=sys.stderr)
    print(f'drawn in {path}')


def main(argv: Optional[List[str]] = None) -> None:
    """Search, or say in one line why not."""
    args = parse_args(argv)
    need_file('config file', args.config)
    need_file('checkpoint', args.weights)
    need_file('example image', args.image)
    quiet()
    with one_line_errors():
        found = search(args)
        for one in found:
            box = ' '.join(f'{value:.1f}' for value in one.box)
            print(f'{one.similarity:.4f}  {one.image}  {box}  {one.label}')
        if args.out:
            draw(found, args.out)


if __name__ == '__main__':
    main()
