// Shows the OpenAPI document beside this page. Nothing foreign is asked: no validator, no CDN.
SwaggerUIBundle({
  url: new URL("openapi.json", document.baseURI).href,
  dom_id: "#swagger-ui",
  deepLinking: true,
  validatorUrl: null,
});
