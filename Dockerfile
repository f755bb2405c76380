# One image for CMS, publisher and search; compose.yaml says which part a container runs.

FROM python:3.11-slim-bookworm AS build
ENV PIP_DISABLE_PIP_VERSION_CHECK=1 PIP_NO_CACHE_DIR=1 PYTHONDONTWRITEBYTECODE=1
RUN python -m venv /opt/venv
ENV PATH=/opt/venv/bin:$PATH
COPY requirements.txt /tmp/requirements.txt
RUN pip install --require-hashes -r /tmp/requirements.txt
WORKDIR /app
COPY . .
# Both need the code only. The secrets of this step sign nothing: collectstatic writes files and opens no database.
RUN python -m tools.catalogues \
    && SECRET_KEY=build-only-build-only-build-only-build-only FEED_TOKEN=build-only-build-only-build-only-build-only \
       SEARCH_TOKEN=build-only-other-build-only-other-build-only DJANGO_SETTINGS_MODULE=cms.settings.production \
       python manage.py collectstatic --no-input \
    && python -m compileall -q /app /opt/venv/lib

FROM python:3.11-slim-bookworm
RUN groupadd --gid 10001 bangtin \
    && useradd --uid 10001 --gid bangtin --no-create-home --home-dir /nonexistent --shell /usr/sbin/nologin bangtin \
    && install -d -o bangtin -g bangtin -m 0755 /site \
    && install -d -o bangtin -g bangtin -m 0700 /media /search-cache
COPY --from=build /opt/venv /opt/venv
COPY --from=build /app /app
ENV PATH=/opt/venv/bin:$PATH PYTHONUNBUFFERED=1 PYTHONDONTWRITEBYTECODE=1
WORKDIR /app
USER bangtin
# No default part: a container that runs the wrong one by accident is worse than one that does not start.
CMD ["python", "-c", "raise SystemExit('Say which part to run; compose.yaml shows how.')"]
