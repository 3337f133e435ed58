"""The dbt project at work: dbt called in this process, and what its results say. No SQL, and no orchestrator."""
