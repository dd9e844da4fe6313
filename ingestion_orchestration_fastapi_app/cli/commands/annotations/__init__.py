"""Commands about what people gather and say of pictures."""
