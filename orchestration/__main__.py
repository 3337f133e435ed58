"""``python -m orchestration`` is the ``tokenomics`` command."""

from orchestration.cli import main

if __name__ == "__main__":
    main()
