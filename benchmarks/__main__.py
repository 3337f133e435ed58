"""``python -m benchmarks`` is ``python -m benchmarks.whole_run``."""

import sys

from benchmarks.whole_run import main

sys.exit(main())
