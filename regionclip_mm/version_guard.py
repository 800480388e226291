"""Says in one line which installed package does not fit, and the cure."""
from importlib import metadata
from typing import Dict, Optional, Tuple

Version = Tuple[int, ...]

#: Package -> (first version accepted, first one that is not, what to install,
#: why). What to install are the pins of requirements/, which the tests run
#: with; other versions of a range are accepted, not tested. See docs/faq.md.
SUPPORTED: Dict[str, Tuple[Version, Version, str, str]] = {
    'torch': ((2, 1), (2, 13), 'torch==2.11.0 torchvision==0.26.0',
              'older ones were not tried, no torchvision or mmcv fits newer '
              'ones'),
    'mmengine': ((0, 10, 3), (1, ), 'mmengine==0.10.7', 'mmdet 3.3 needs it'),
    'mmcv': ((2, 0), (2, 2), '--no-build-isolation mmcv==2.1.0',
             'mmdet 3.3 refuses 2.2'),
    'mmdet': ((3, 3), (3, 4), 'mmdet==3.3.0',
              'the seams used are those of 3.3'),
    'transformers': ((4, 38), (4, 53), 'transformers==4.51.3',
                     'with 4.53 mmpretrain, and with it mmdet, fails to import'
                     ),
    'setuptools': ((0, ), (82, ), 'setuptools==81.0.0',
                   'mmengine needs pkg_resources, gone in 82'),
}


def installed_version(package: str) -> Optional[str]:
    """Version of an installed package, None if there is none."""
    try:
        return metadata.version(package)
    except metadata.PackageNotFoundError:
        return None


def parse(version: str) -> Version:
    """'2.11.0+cu130' -> (2, 11, 0); parts that are no numbers end it."""
    numbers = []
    for part in version.split('+')[0].split('.'):
        digits = part[:len(part) - len(part.lstrip('0123456789'))]
        if not digits:
            break
        numbers.append(int(digits))
    return tuple(numbers)


def check_versions() -> None:
    """Raise for the first package that is missing or does not fit.

    Raises:
        ImportError: One line: what is installed, what fits, what to install.
    """
    for package, (first, beyond, cure, why) in SUPPORTED.items():
        found = installed_version(package)
        if found is None or not first <= parse(found) < beyond:
            low, high = ('.'.join(map(str, v)) for v in (first, beyond))
            raise ImportError(
                f'regionclip_mm needs {package}>={low},<{high} ({why}), found '
                f"{found or 'none'}: pip install {cure}")
