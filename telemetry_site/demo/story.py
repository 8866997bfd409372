"""The invented product of the demo: a bakery's ordering app and its kitchen display.

Nothing here is real: no person, company or repository. `starts` and `ends` of a feature are shares
of the demo's time span; a feature that ends after 1.0 is still being worked on at its last moment.
"""

from __future__ import annotations

from dataclasses import dataclass

REMOTE = "https://git.example.com"


@dataclass(frozen=True, slots=True)
class Task:
    """One task of a phase, as its progress file lists it."""

    id: str
    title: str
    points: int
    owner: str


@dataclass(frozen=True, slots=True)
class Phase:
    """A numbered part of a feature's plan."""

    number: int
    title: str
    tasks: tuple[Task, ...]


@dataclass(frozen=True, slots=True)
class Feature:
    """A piece of work with a product document, a plan and progress files."""

    slug: str
    title: str
    project: str
    folder: str
    starts: float
    ends: float
    goal: str
    files: tuple[str, ...]
    phases: tuple[Phase, ...]

    @property
    def prd_path(self) -> str:
        """Path of the product document inside the project."""
        return f"docs/project_plans/PRDs/{self.folder}/{self.slug}.md"

    @property
    def plan_path(self) -> str:
        """Path of the implementation plan inside the project."""
        return f"docs/project_plans/implementation_plans/{self.folder}/{self.slug}.md"

    def progress_path(self, phase: Phase) -> str:
        """Path of one phase's progress file inside the project."""
        return f".claude/progress/{self.slug}/phase-{phase.number}-progress.md"

    @property
    def branch(self) -> str:
        """Git branch the work happens on."""
        return f"feat/{self.slug.removesuffix('-v1')}"


def _phase(number: int, title: str, owner: str, *tasks: tuple[str, int]) -> Phase:
    listed = tuple(
        Task(f"TASK-{number}.{place}", name, points, owner)
        for place, (name, points) in enumerate(tasks, start=1)
    )
    return Phase(number, title, listed)


PREORDER_WINDOWS = Feature(
    "preorder-windows-v1", "Pickup windows for pre-orders", "loafline", "features", 0.0, 0.36,
    "Customers choose a quarter of an hour for pickup, and no window takes more loaves than the oven gives.",
    ("shop/windows.py", "shop/models/pickup.py", "shop/api/windows.py", "web/src/checkout/WindowPicker.tsx",
     "tests/test_windows.py"),
    (
        _phase(1, "Model and capacity", "python-backend-engineer",
               ("Store pickup windows with a capacity in loaves", 3),
               ("Reject an order that overfills a window", 2),
               ("Migration with windows for the coming week", 2), ("Test the edges of the day", 1)),
        _phase(2, "Endpoints", "python-backend-engineer",
               ("List open windows of a day", 2), ("Hold a window for ten minutes during checkout", 3),
               ("Release held windows that were not paid", 2)),
        _phase(3, "Checkout page", "frontend-engineer",
               ("Window picker with full windows greyed out", 3), ("Say why a window is closed", 1),
               ("Keyboard use of the picker", 2), ("End-to-end test of a pre-order", 2)),
    ),
)  # fmt: skip

ALLERGEN_LABELS = Feature(
    "allergen-labels-v1", "Allergen labels on every product", "loafline", "enhancements", 0.22, 0.6,
    "Every product shows the allergens of its recipe, and a recipe change reaches the label the same day.",
    ("catalog/allergens.py", "catalog/recipes.py", "catalog/admin.py", "web/src/product/AllergenBadge.tsx",
     "tests/test_allergens.py"),
    (
        _phase(1, "Recipe data", "python-backend-engineer",
               ("Record allergens per ingredient", 2), ("Derive a product's allergens from its recipe", 3),
               ("Warn in the admin about ingredients without data", 1), ("Backfill the present recipes", 2)),
        _phase(2, "Labels", "frontend-engineer",
               ("Badge with text, never colour alone", 2), ("Print sheet for the counter", 2),
               ("Filter products by allergen", 3)),
    ),
)  # fmt: skip

BAKE_QUEUE = Feature(
    "bake-queue-v1", "Bake queue on the kitchen display", "ovenboard", "features", 0.3, 0.74,
    "The display shows what goes into which oven next, ordered by when it has to be on the shelf.",
    ("board/queue.py", "board/ovens.py", "board/feed.py", "ui/src/QueueColumn.tsx", "tests/test_queue.py"),
    (
        _phase(1, "Ordering the queue", "python-backend-engineer",
               ("Work back from shelf time to oven time", 3), ("Group batches of the same temperature", 3),
               ("Leave room for one urgent batch", 2),
               ("Property test: no batch is late if a plan exists", 2)),
        _phase(2, "Display", "frontend-engineer",
               ("One column per oven with a countdown", 2), ("Tap a batch to mark it baked", 2),
               ("Reconnect after the kitchen network drops", 3)),
    ),
)  # fmt: skip

STANDING_ORDERS = Feature(
    "standing-orders-v1", "Standing orders for cafes", "loafline", "features", 0.56, 1.25,
    "A cafe orders once and receives the same bread every week until it says otherwise.",
    ("orders/standing.py", "orders/schedule.py", "orders/api/standing.py",
     "web/src/account/StandingOrders.tsx",
     "tests/test_standing.py"),
    (
        _phase(1, "Repeating rule", "python-backend-engineer",
               ("Weekly rule with pauses and an end", 3), ("Create the coming week's orders each night", 3),
               ("Skip public holidays", 2), ("Creating twice creates nothing new", 1)),
        _phase(2, "Changing an order", "python-backend-engineer",
               ("Change one week only", 3), ("Change from now on", 2), ("Cut-off on the evening before", 2),
               ("Mail what changed", 1)),
        _phase(3, "Account page", "frontend-engineer",
               ("Calendar of the coming deliveries", 3), ("Pause with a date to resume", 2),
               ("History of changes", 2)),
    ),
)  # fmt: skip

INVOICE_EXPORT = Feature(
    "invoice-export-v1", "Monthly invoice export", "loafline", "enhancements", 0.93, 2.6,
    "The bookkeeper downloads a month of invoices as one file that needs no retyping.",
    ("billing/export.py", "billing/api/export.py", "tests/test_export.py"),
    (
        _phase(1, "Export file", "python-backend-engineer",
               ("Columns agreed with the bookkeeper", 1), ("Stream a month without holding it in memory", 3),
               ("Totals that match the till to the cent", 2)),
        _phase(2, "Download page", "frontend-engineer",
               ("Choose a month and download", 2), ("Show months with open invoices", 2)),
    ),
)  # fmt: skip

FEATURES = (PREORDER_WINDOWS, ALLERGEN_LABELS, BAKE_QUEUE, STANDING_ORDERS, INVOICE_EXPORT)
PROJECTS = ("loafline", "ovenboard")

# Replacements an agent makes: (lines before, lines after).
EDITS: tuple[tuple[tuple[str, ...], tuple[str, ...]], ...] = (
    (
        ("    return loaves <= capacity",),
        ("    booked = sum(order.loaves for order in orders)", "    return booked + loaves <= capacity"),
    ),
    (
        ("    if day < today:", "        return []"),
        ("    if day < today or day in closed_days:", "        return []"),
    ),
    (
        ("def price(order):",),
        ("def price(order: Order) -> Decimal:", '    """Price in whole cents, rounded half up."""'),
    ),
    (
        ("    for batch in batches:", "        queue.append(batch)"),
        ("    for batch in sorted(batches, key=shelf_time):", "        queue.append(batch)"),
    ),
    (
        ("      <span>{name}</span>",),
        ("      <span>{name}</span>", "      <small>{allergens.join(', ')}</small>"),
    ),
    (("    send(order)",), ("    if order.confirmed:", "        send(order)")),
    (("TIMEOUT = 5",), ("# The kitchen network needs up to 12 seconds after a drop.", "TIMEOUT = 15")),
    (
        ("    assert response.status_code == 200",),
        ("    assert response.status_code == 200", "    assert response.json()['open'] is True"),
    ),
)

FIXES = (
    ("Orders placed at 23:59 end up in the window of the wrong day. Please find out why and fix it.",
     "fix: take the day from the shop's clock"),
    ("The rye sourdough shows no allergens although its recipe has rye. Fix this, with a test.",
     "fix: follow ingredients of ingredients"),
    ("Two customers got the last loaf at the same time. Make that impossible.",
     "fix: lock the window while booking"),
    ("The tests fail about every tenth run, always in the countdown. Find the cause, do not just retry.",
     "fix: give the countdown its clock"),
    ("After a deploy the display stays white until someone reloads it. What is going on?",
     "fix: reload the page when the build changed"),
)  # fmt: skip

QUESTIONS = (
    "Where do we decide how many loaves fit into one oven?",
    "Which endpoints can be called without logging in?",
    "What happens to a held window when the payment fails? Explain, change nothing.",
    "How long does the nightly order creation take with 400 cafes?",
    "Is there a place where we still use the old price table?",
)

FOLLOW_UPS = (
    "Good. Please also cover the case of a closed day.",
    "Looks right. Can you simplify the part with the two loops?",
    "Run the whole test suite once more, then commit.",
    "The name is hard to understand, find a better one.",
    "Add a line to the changelog, please.",
    "One more thing: the message to the customer should say the time.",
)

QUEUED = (
    "and keep the old field until the next release",
    "please use the existing date helper",
    "don't forget the Sunday opening hours",
)

REMARKS = (
    "I'll look at how this is done today before changing anything.",
    "The existing tests show the intended behaviour; I'll extend them first.",
    "That explains it: the comparison uses the server's day, not the shop's.",
    "Now the smallest change that makes the new test pass.",
    "Both places need the same rule, so I'll move it into one function.",
    "The tests pass. I'll check the neighbouring cases as well.",
    "Next the progress file, so the plan shows what is done.",
)

THOUGHTS = (
    "The capacity is counted in loaves, but orders are in items. A baguette pack is three loaves.",
    "There are two callers. If I change the signature, the nightly job has to change too.",
    "The failing test compares local with UTC dates. The fix belongs where the date is made.",
    "A lock would work, but a unique constraint says the same thing and cannot be forgotten.",
    "The plan asks for this in phase two; doing it now would make the change hard to review.",
)

CLOSINGS = (
    "Done. The rule now lives in one place, and four tests describe it.",
    "Finished: all tests pass, and the progress file is up to date.",
    "The cause was the server's time zone. It is fixed, with a test that failed before.",
    "That part is complete. The next task of the phase can start from here.",
)

SEARCHES = (
    ("order cut-off times good practice", "Cut-off times explained", "https://handbook.example.org/cut-off"),
    ("batch scheduling earliest due date", "Earliest due date first", "https://notes.example.net/edd"),
    (
        "allergen labelling colour blind readable",
        "Labels everyone can read",
        "https://access.example.org/labels",
    ),
)
