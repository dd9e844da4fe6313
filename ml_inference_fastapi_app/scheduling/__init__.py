"""Who may use the device, and when. Knows no model and no image."""
