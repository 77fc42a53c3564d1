"""A soak: real clients, the stand-ins, and faults drawn from a seed, while the bundle's promises are checked.

    scripts/soak --minutes 60 --seed 7 --processes 4

`plan` says what a run is; `schedule` draws its requests and faults, the same for the same seed. `clients` ask, by the
bodies of `asks`, and `reading` reads what comes back. `service` is the model behind both stand-ins, with the faults of
`upstream_faults`; `fleet`, `stores` and `weather` are what else goes wrong. `record` holds what clients and stand-ins
saw, `promises` and `watch` hold the promises to it, and `report` prints the table. Nothing that the bundle says of
itself is believed: its log is only searched for secrets, and its memory is read from the kernel.
"""
