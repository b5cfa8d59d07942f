"""Skeletons that were made before, as the database keeps them."""

from __future__ import annotations

import logging
from collections.abc import Mapping, Sequence

from attrs import frozen

from throughline.core.ports import StoreError
from throughline.store.database import Database

log = logging.getLogger(__name__)


@frozen
class SkeletonTable:
    """The table of one workspace. Nothing depends on it: where it fails, that is logged and skeletons are made anew."""

    database: Database

    def find(self, keys: Sequence[str]) -> dict[str, str]:
        """What is kept under these keys."""
        try:
            return self.database.skeletons(keys)
        except StoreError as error:
            log.warning("skeletons are made anew: %s", error)
            return {}

    def keep(self, made: Mapping[str, str]) -> None:
        """Keeps what was made, by key."""
        try:
            self.database.keep_skeletons(made)
        except StoreError as error:
            log.warning("skeletons are not kept: %s", error)
