"""Child processes get none of the parent's secrets."""

import json
import subprocess
import sys
from pathlib import Path

import pytest

from orchestration.settings import child_environment, only_child_environment, redact, secret

SECRET = "sk-example-11cc22dd"


def test_child_environment_holds_no_secret(monkeypatch: pytest.MonkeyPatch) -> None:
    for name in ("OPENAI_ADMIN_KEY", "SLACK_WEBHOOK_URL", "SMTP_PASSWORD", "SOMETHING_ELSE"):
        monkeypatch.setenv(name, SECRET)
    code = "import json, os; print(json.dumps(dict(os.environ)))"
    printed = subprocess.run(
        [sys.executable, "-c", code], env=child_environment(TOKENOMICS_WAREHOUSE="w"), capture_output=True, text=True
    ).stdout
    assert SECRET not in printed
    assert json.loads(printed)["TOKENOMICS_WAREHOUSE"] == "w"
    with only_child_environment():
        inherited = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True).stdout
    assert SECRET not in inherited
    assert secret("OPENAI_ADMIN_KEY") == SECRET


def test_dotenv_serves_secrets_without_entering_the_environment(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.chdir(tmp_path)
    monkeypatch.delenv("OPENAI_ADMIN_KEY", raising=False)
    (tmp_path / ".env").write_text(f"OPENAI_ADMIN_KEY={SECRET}\n")

    assert secret("OPENAI_ADMIN_KEY") == SECRET
    assert "OPENAI_ADMIN_KEY" not in child_environment()
    assert redact(f"key {SECRET}.") == "key [redacted]."
