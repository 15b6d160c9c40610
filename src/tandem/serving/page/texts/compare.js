export const compareTexts = {};
