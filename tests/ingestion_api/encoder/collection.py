"""A small collection to rank: short texts about keeping a lighthouse, and questions with their answers.

A question's answers carry a grade: 2 for a text that answers it, 1 for one that touches it.
"""

TEXTS = (
    # 0: lamps and lenses
    "The Fresnel lens bends the light of a small lamp into one strong beam.",
    "Clean the lens each morning with soft linen and spirit of wine.",
    "A lamp that smokes has a wick cut uneven; trim wicks before sunset.",
    "Electric lamps replaced oil in the tower when the cable was laid.",
    "The rotating lens floats on a bath of mercury and turns with one finger.",
    "Spare lamps stand ready: a changer swings the second one in when the first one fails.",
    # 6: fog signals
    "In fog the horn sounds three blasts every ninety seconds.",
    "The compressor that feeds the fog horn needs oil after each long night.",
    "Bells were struck by clockwork before horns were driven by air.",
    "Sailors complained that the fog signal could not be heard to windward.",
    "Fog is measured by whether the far headland can be seen from the gallery.",
    # 11: the watch
    "Two keepers share the night: the first watch ends at midnight.",
    "A keeper who sleeps on watch is dismissed the same week.",
    "The watch log records weather, visibility and every ship that passes.",
    "When the relief boat is late, keepers stand double watches.",
    "Alarms wake the sleeping keeper if the light stops turning.",
    # 16: boats and supply
    "The relief boat brings coal, water and letters once a fortnight.",
    "Landing on the rock is possible only at slack tide in a calm sea.",
    "Provisions for two months are stored in case the weather shuts the landing.",
    "The boat's engine is tested on every calm day.",
    "A crane lifts barrels of oil from the boat to the store.",
    # 21: weather
    "The barometer falls fast before a gale from the south west.",
    "Wind speed is read from the cups above the gallery each hour.",
    "Storm waves have thrown stones through windows thirty metres up.",
    "Ice on the panes is melted with warm air from the lamp room.",
    "Weather reports are sent by telegraph at six in the morning and six in the evening.",
    # 26: building
    "The tower is built of dovetailed granite so that no stone can move alone.",
    "Iron stairs wind around the wall and leave the middle free for the weights.",
    "Paint the gallery rail each spring, for salt eats iron.",
    "The foundations were cut into the rock between tides, a few hours at a time.",
    "Lightning runs down a copper band into the sea.",
    # 31: queues and workers
    "A worker takes a job from the queue and acknowledges it only after the work is done.",
    "When the queue is full, new jobs are refused with status 429.",
    "Workers send heartbeats; one that has been silent for a minute counts as lost.",
    "Jobs of a lost worker return to the queue and run again.",
    "Priority queues are drained before the ordinary one.",
    "A retried job waits longer after each failure, with some jitter.",
    # 37: databases
    "The connection pool lends at most fifteen connections at once.",
    "A slow query is one that takes more than a hundred milliseconds.",
    "Vacuum reclaims the room that deleted rows leave behind.",
    "Deadlocks end when the database cancels one of the two transactions.",
    "Write-ahead logging lets readers go on while one writer commits.",
    "An index on the time column made the history query fast.",
    # 43: caches
    "The cache hit ratio fell under a half after the keys had expired together.",
    "Keys are evicted when memory runs out, the least recently used one first.",
    "Clearing a cache prefix deletes the keys in batches so that the server is not blocked.",
    "A cached search result lives for five minutes.",
    # 47: alerts
    "An alert pages someone only when a person must act at once.",
    "Silences end by themselves; acknowledged alerts come back when they get worse.",
    "The runbook tells what to look at first when the alert fires.",
    "A flapping alert fires and resolves again and again within minutes.",
    "Thresholds are kept in one file so that alert and panel cannot disagree.",
    # 52: search and embeddings
    "Sparse embeddings weigh each term of a text; rare terms weigh more.",
    "Stemming brings ships, shipping and shipped to one term.",
    "Dense vectors find texts with the same meaning and other words.",
    "A search index maps every term to the texts that contain it.",
    "Stop words such as articles are left out of the index.",
    # 57: repositories
    "A shallow clone fetches only the newest commit of a repository.",
    "Binary files and vendored folders are skipped when a repository is ingested.",
    "Credentials in a repository's address are refused, for addresses are logged.",
    "def read_fog_signal(horn): return horn.pressure > minimum_pressure",
    "class LampChanger: swings in the spare lamp when filament_current is zero",
    "Submodules and hooks of a cloned repository are never run.",
)

QUESTIONS: tuple[tuple[str, dict[int, int]], ...] = (
    ("how to clean the lens", {1: 2, 0: 1, 4: 1}),
    ("lamp failing, spare lamp", {5: 2, 61: 2, 3: 1}),
    ("smoking wicks", {2: 2}),
    ("fog horn blasts", {6: 2, 7: 1, 8: 1}),
    ("hearing the fog signals", {9: 2, 60: 1, 6: 1}),
    ("keeper sleeping on watch", {12: 2, 15: 1, 11: 1}),
    ("what does the watch log record", {13: 2}),
    ("relief boats arriving late", {14: 2, 16: 2}),
    ("landing on the rock in calm weather", {17: 2, 18: 1}),
    ("barometer before gales", {21: 2}),
    ("reading the speed of the wind", {22: 2}),
    ("salt eating iron rails", {28: 2, 27: 1}),
    ("is the queue full", {32: 2, 35: 1}),
    ("lost workers and their jobs", {34: 2, 33: 2, 31: 1}),
    ("retries waiting after failures", {36: 2}),
    ("slow database queries", {38: 2, 42: 2, 40: 1}),
    ("connections lent by the pool", {37: 2}),
    ("clear the keys of a cache prefix", {45: 2, 43: 1, 44: 1}),
    ("flapping alerts", {50: 2, 48: 1}),
    ("what is a sparse embedding of a term", {52: 2, 53: 1, 55: 1}),
    ("skipping binary files", {58: 2}),
    ("cloning a repository shallowly", {57: 2, 62: 1}),
    ("horn pressure", {60: 2, 6: 1}),
    ("filament current of the lamp changer", {61: 2, 5: 1}),
)
