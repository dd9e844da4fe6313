"""The inference service: owns the device and turns images and text into vectors."""
