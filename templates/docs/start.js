const base = {{ base }};

// Swagger UI follows this class, not the color scheme of the browser.
const dark = matchMedia("(prefers-color-scheme: dark)");
const setScheme = () => document.documentElement.classList.toggle("dark-mode", dark.matches);
dark.addEventListener("change", setScheme);
setScheme();

const ui = SwaggerUIBundle({
  url: `${base}/openapi.json`,
  dom_id: "#swagger-ui",
  presets: [SwaggerUIBundle.presets.apis],
  layout: "BaseLayout",
  deepLinking: true,
  displayRequestDuration: true,
  filter: true,
  oauth2RedirectUrl: `${location.origin}${base}/docs/oauth2-redirect.html`,
  validatorUrl: null,
});
ui.initOAuth({
  clientId: {{ client_id }},
  scopes: ["all"],
  usePkceWithAuthorizationCodeGrant: true,
});
