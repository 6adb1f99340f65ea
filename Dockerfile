# Two stages: the first compiles, the second holds only what runs.
FROM node:24-bookworm-slim AS build
WORKDIR /build
COPY package.json package-lock.json .npmrc tsconfig.json tsconfig.build.json ./
RUN npm ci --ignore-scripts --omit=optional
COPY connector connector
COPY adapters adapters
COPY mappings mappings
COPY jobs jobs
COPY openapi openapi
COPY bench bench
RUN npm run build
RUN npm ci --ignore-scripts --omit=dev --omit=optional

FROM node:24-bookworm-slim
LABEL org.opencontainers.image.title="leqi-connector" \
      org.opencontainers.image.description="Issues digital invoices (数电发票) over Leqi (乐企)" \
      org.opencontainers.image.licenses="Apache-2.0"
ENV NODE_ENV=production HOST=0.0.0.0 PORT=8080
WORKDIR /app
COPY --from=build /build/package.json ./
COPY --from=build /build/node_modules node_modules
COPY --from=build /build/dist dist
COPY --from=build /build/mappings mappings
COPY docs/examples docs/examples
USER 65532:65532
EXPOSE 8080
HEALTHCHECK --interval=10s --timeout=3s --start-period=20s --retries=3 \
  CMD ["node", "-e", "fetch(`http://127.0.0.1:${process.env.PORT}/livez`).then((r) => process.exit(r.ok ? 0 : 1), () => process.exit(1))"]
ENTRYPOINT ["node", "--max-semi-space-size=32", "--min-semi-space-size=32", "--v8-pool-size=1", "dist/connector/app/main.js"]
CMD ["start"]
