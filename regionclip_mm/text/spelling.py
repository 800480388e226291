"""Class names that are written in more than one way."""
from typing import Mapping

# The LVIS v1 files spell one category 'stero', and the released embeddings
# were made from that name; mmdet's list mends it. Both are understood.
LVIS_SPELLING: Mapping[str, str] = {
    'speaker_(stereo_equipment)': 'speaker_(stero_equipment)'
}


def canonical_name(name: str) -> str:
    """The one spelling under which names are compared."""
    return LVIS_SPELLING.get(name, name)
