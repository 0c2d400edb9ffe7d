"""The plan of a build: each asset as a job that begins when the pictures that others make for it are there."""

from collections.abc import Sequence
from dataclasses import replace
from functools import partial
from typing import NamedTuple

from aeforge_cli.api.operations import Operation
from aeforge_cli.api.web_inputs import is_address, label_of
from aeforge_cli.commands._shared.assets import Asset
from aeforge_cli.commands._shared.pictures import Pictures, unread
from aeforge_cli.commands._shared.plan import Planned
from aeforge_cli.commands._shared.purchases import Once, need_of
from aeforge_cli.commands._shared.sources import picture
from aeforge_cli.errors import FileMissing, JobNotFound, OutputExists, SentBefore
from aeforge_cli.files.atomic import SavedFile
from aeforge_cli.files.picture import Picture
from aeforge_cli.jobs.assets import Dependencies, Mistakes, place_of
from aeforge_cli.jobs.needs import Need, blocked, results_of
from aeforge_cli.jobs.orders import Order
from aeforge_cli.jobs.results import Action
from aeforge_cli.journal.interface import NoJournal, Reuse
from aeforge_cli.session import Session


class _AssetJob(NamedTuple):
    """An asset as a job; `files` are its results by their places, None as long as they are not known."""

    order: Order
    need: Need
    files: dict[str, SavedFile] | None


class AssetPlan:
    """Makes the jobs of assets, each after those that it needs; `anew` also those whose last submission is in doubt."""

    def __init__(
        self,
        session: Session,
        assets: Sequence[Asset],
        dependencies: Dependencies,
        mistakes: Mistakes,
        *,
        anew: bool = False,
    ) -> None:
        self._session = session
        self._assets = assets
        self._dependencies = dependencies
        self._mistakes = mistakes
        self._anew = anew
        self._jobs: dict[int, _AssetJob] = {}
        self._pictures: dict[str, Picture] = {}
        self._from_web = Pictures(session)
        self._once = Once()

    def planned(self, selected: set[int], *, dry: bool) -> list[Planned]:
        """The selected assets as jobs in the order of the list, and what each needs as far as that is known.

        A dry plan keeps what was known of pictures; else they are judged again when it is their turn.
        """
        self._from_web.foresee(name for place in selected for name in self._assets[place].all_pictures)
        for place in self._dependencies.in_order():
            if place in selected:
                self._jobs[place] = self._job(place, dry=dry)
        return [Planned(self._jobs[place].order, self._jobs[place].need) for place in sorted(self._jobs)]

    def _job(self, place: int, *, dry: bool) -> _AssetJob:
        asset = self._assets[place]
        order = self._order(asset, tuple(self._jobs[needed].order for needed in self._dependencies.needs[place]))
        self._check_names(asset)
        need = self._once.need(order, self._need(asset, order, place))
        if not dry and (order.after or any(map(is_address, asset.all_pictures))):
            order.make = partial(self._made, asset, ready=True)
            order.reconsider()
        known = results_of(order, need)
        files = None if known is None else {place_of(path): file for path, file in known.items()}
        return _AssetJob(order, need, files)

    def _order(self, asset: Asset, after: tuple[Order, ...]) -> Order:
        operation = asset.operation
        return Order(
            make=partial(self._made, asset, ready=False),
            kind=type(operation) if operation else asset.recipe.kind,
            input=label_of(asset.image),
            name=asset.out,
            words=operation.words if operation else "",
            asked=operation,
            delivery=asset.delivery,
            reuse=Reuse.FINISHED,
            update=True,
            anew=self._anew,
            index=asset.index,
            after=after,
        )

    def _need(self, asset: Asset, order: Order, place: int) -> Need:
        """What is made of something that is still to be bought is to be bought as well."""
        for needed in self._dependencies.needs[place]:
            if self._jobs[needed].need.action is Action.REFUSE:
                return Need(Action.REFUSE, error=blocked(order, self._jobs[needed].order))
        found = need_of(self._session, order)
        if self._anew and found.row and isinstance(found.error, SentBefore | JobNotFound):
            order.gone.add(found.row.number)
            return need_of(self._session, order)
        return found

    def _check_names(self, asset: Asset) -> None:
        """A picture that is named like a result must be one of them, once they are known."""
        for key, texts in asset.pictures.items():
            for text in texts:
                maker = self._maker(text)
                if maker and maker.files is not None and place_of(text) not in maker.files:
                    self._mistakes.add(asset.lines[key], not_among(text, maker.order), asset.out)

    def _maker(self, text: str) -> _AssetJob | None:
        maker = None if is_address(text) else self._dependencies.maker(text)
        return None if maker is None else self._jobs[maker]

    # -------------------------------------------------------------- pictures

    def _made(self, asset: Asset, *, ready: bool) -> Operation:
        """The asset's operation: with its pictures as they will be, or as they are when it is `ready` to begin."""
        return asset.made(self._ready if ready else self._expected, lambda name: self._session.settings[name].text)

    def _expected(self, text: str) -> Picture:
        """A picture as it will be; one that is still to be made is like no other."""
        maker = self._maker(text)
        if maker is None:
            return self._from_web.read(text) if is_address(text) else self._read(text)
        file = maker.files and maker.files.get(place_of(text))
        return replace(unread(text), size=file.bytes or 0, sha256=file.sha256 or "") if file else unread(text)

    def _ready(self, text: str) -> Picture:
        """A picture that is there. Raises FileMissing, or OutputExists if it is not what its asset made."""
        maker = self._maker(text)
        if maker is None:
            return self._read(text)
        try:
            found = picture(self._session, text)
        except FileMissing:
            raise not_among(text, maker.order) from None
        if not self._is_made_by(maker.order, found):
            raise OutputExists(
                f"{text} is not what {maker.order.called} made: it has changed since",
                hint="move it away, then run the same command again",
            )
        return found

    def _is_made_by(self, order: Order, found: Picture) -> bool:
        journal = self._session.journal
        if isinstance(journal, NoJournal):
            return True
        return any(each.work == order.work for each in journal.made(found.sha256))

    def _read(self, text: str) -> Picture:
        """A picture that many assets share is read once; one from the web is not kept."""
        if is_address(text):
            return picture(self._session, text)
        if text not in self._pictures:
            self._pictures[text] = picture(self._session, text)
        return self._pictures[text]


def not_among(text: str, maker: Order) -> FileMissing:
    return FileMissing(f"{text} is not among the results of {maker.called}", hint="check the names with --dry-run")
