"""HTTP in: routes by subject, views of inner records, who may call. No rules, no adapters."""
