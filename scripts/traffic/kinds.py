"""All that can be made, by name."""
from . import attacks, bulk
from .capture import BEGIN_US, Timeline, View
from .office import MINUTE_US, SECOND_US, Office

ORDINARY_SECONDS = 120
ATTACK_SECONDS = {"exfil.beacon": 150, "exfil.volume": 100}
ATTACK_AT_S = 35


def ordinary(office, _at_us):
    """The office without any attack."""


def demo(office, at_us):
    """Five minutes of the office, with one attack of each class and more."""
    for second, attack in attacks.DEMO:
        attack(office, at_us + second * SECOND_US)


def spread(office, at_us):
    """Under a minute as the first, second or third of three sensors sees it, by the seed: attacks spread
    over all three, and none at any."""
    attacks.spread(office, at_us + 2 * SECOND_US, office.seed % 3)


def unusual(office, at_us):
    """A minute of the office, in which the thermometer does what it never did."""
    attacks.unusual(office, at_us + 3 * SECOND_US)


def one_attack(attack):
    def schedule(office, at_us):
        attack(office, at_us + ATTACK_AT_S * SECOND_US)
    schedule.__doc__ = attack.__doc__
    return schedule


# Kinds that the office makes: what is added to its traffic, and how long it lasts.
OFFICE_KINDS = {
    "demo": (demo, attacks.DEMO_SECONDS),
    "ordinary": (ordinary, ORDINARY_SECONDS),
    "unusual": (unusual, 75),
    "spread": (spread, 45),
    "names": (one_attack(attacks.hostile_names), 90),
    **{kind: (one_attack(attack), ATTACK_SECONDS.get(kind, 90))
       for kind, attack in attacks.ATTACKS.items()},
}
BULK_KINDS = {"syn60": bulk.syn60, "imix": bulk.imix}
KINDS = {**{kind: schedule.__doc__ for kind, (schedule, _) in OFFICE_KINDS.items()},
         **{kind: make.__doc__ for kind, make in BULK_KINDS.items()}}


def make_office(kind, file, options):
    """Minute by minute; what reaches beyond the end is cut, as any capture cuts it."""
    schedule, seconds = OFFICE_KINDS[kind]
    end_us = BEGIN_US + (options.seconds or seconds) * SECOND_US
    view = View(file.write, options.vlan, options.one_way, options.mirrored)
    timeline = Timeline(view.write)
    office = Office(timeline, options.seed, options.devices)
    view.look_from(office.gateway.mac, office.files.mac if options.offload else b"")
    schedule(office, BEGIN_US)
    number, begin_us = 0, BEGIN_US
    while begin_us < end_us and not (options.packets and file.packets >= options.packets):
        office.minute(begin_us, number)
        number, begin_us = number + 1, begin_us + MINUTE_US
        timeline.flush(min(begin_us, end_us))


def make(kind, file, options):
    if kind in BULK_KINDS:
        BULK_KINDS[kind](file, options.packets or 1_000_000, options.seed)
    else:
        make_office(kind, file, options)
