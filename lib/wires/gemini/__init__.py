"""Google's wire, for Gemini CLI, google-genai and whatever else speaks the Gemini API."""
