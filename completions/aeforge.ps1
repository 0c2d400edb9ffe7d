# PowerShell completion for aeforge, written by: aeforge completion powershell
# It starts no process.

$script:AeforgeCommands = @{
    '' = @{
        Commands = [ordered]@{
            'inpaint' = 'Edit part of an image as a prompt describes.'
            'upscale' = 'Enlarge an image.'
            'split-layer' = 'Separate one element of an image into its own layer.'
            'generate' = 'Create an image from a prompt.'
            'effect' = 'Create a visual effect.'
            'sprite' = 'Animate images, restyle sprites, overlay characters.'
            'build' = 'Make what is missing or out of date in a list of assets.'
            'job' = 'Check, wait for, list and explain jobs.'
            'usage' = 'Show how many jobs were submitted, and what they cost.'
            'auth' = 'Sign in, sign out, and show the current key.'
            'config' = 'Show and change settings.'
            'sandbox' = 'Run a sandbox of the service on this machine: no key, no cost.'
            'doctor' = 'Check the setup, and say what to fix.'
            'help' = 'Show help on a command or topic.'
            'api' = 'Send any request to the service, and print the response.'
            'completion' = 'Print the completion script for a shell.'
            'skill' = 'Print instructions for AI assistants, or install them.'
        }
        Options = [ordered]@{
            '--version' = @('Print the version.', '')
            '-h' = @('Show this help.', '')
            '--help' = @('Show this help.', '')
        }
        Arguments = @()
        Repeats = $false
    }
    'inpaint' = @{
        Commands = [ordered]@{
        }
        Options = [ordered]@{
            '--from' = @('File with one path per line (- for stdin).', 'file')
            '--recursive' = @('Search subfolders.', '')
            '--manifest' = @('JSON Lines or CSV, one job per line (- for stdin).', 'file')
            '-j' = @('Jobs in progress at once.', 'text')
            '--jobs' = @('Jobs in progress at once.', 'text')
            '--resume' = @('Skip finished jobs and resume unfinished ones.', '')
            '--update' = @('As --resume, and redo jobs that have changed.', '')
            '--fail-fast' = @('Stop submitting after the first failure.', '')
            '--max-jobs' = @('Refuse to submit more jobs than N.', 'text')
            '--yes' = @('Submit more than 50 jobs without confirmation.', '')
            '--shard' = @('Process the K-th of N equal parts of the list.', 'text')
            '--share' = @('Do not fetch what other machines have saved.', '')
            '--report' = @('Write an HTML report: before, after, failures.', 'file')
            '--record' = @('Write a line for each saved file; use what it knows.', 'file')
            '-o' = @('Save to a file, DIR/ or template (- for stdout).', 'file')
            '--output' = @('Save to a file, DIR/ or template (- for stdout).', 'file')
            '--overwrite' = @('Replace existing files.', '')
            '--skip-existing' = @('Skip jobs whose output exists.', '')
            '--open' = @('Open the result in the system''s viewer.', '')
            '--preview' = @('Draw before and after in the terminal.', '')
            '--github-output' = @('Set job_id, files and image_urls as step outputs.', '')
            '--timeout' = @('Maximum wait: 90s, 10m, 1h; 0 = none.', 'text')
            '--poll-interval' = @('Poll interval (default: adaptive).', 'text')
            '--wait' = @('Wait, or print the job id at once.', '')
            '--no-wait' = @('Wait, or print the job id at once.', '')
            '--dry-run' = @('Check everything, print the request, send nothing.', '')
            '--new' = @('Submit a new job; do not resume an unfinished one.', '')
            '--budget' = @('Spending limit; the smallest limit applies.', 'text')
            '--profile' = @('Profile of the config file to use.', 'profile')
            '--base-url' = @('URL of another service with the same API.', 'text')
            '--sandbox' = @('Use the local sandbox: no key, no cost.', '')
            '--json' = @('Print JSON, one object per line; errors too.', '')
            '--format' = @('Format. Or a ''{template}''.', 'words text json csv')
            '--quiet' = @('Print errors only.', '')
            '--verbose' = @('Print more on stderr.', '')
            '--debug' = @('Log HTTP requests, with secrets blanked.', '')
            '-p' = @('What to change, and where; @FILE or @- reads it.', 'text')
            '--prompt' = @('What to change, and where; @FILE or @- reads it.', 'text')
            '-q' = @('Quality of the result.', 'words standard pro')
            '--quality' = @('Quality of the result.', 'words standard pro')
            '-h' = @('Show this help.', '')
            '--help' = @('Show this help.', '')
        }
        Arguments = @('file')
        Repeats = $true
    }
    'upscale' = @{
        Commands = [ordered]@{
        }
        Options = [ordered]@{
            '--from' = @('File with one path per line (- for stdin).', 'file')
            '--recursive' = @('Search subfolders.', '')
            '--manifest' = @('JSON Lines or CSV, one job per line (- for stdin).', 'file')
            '-j' = @('Jobs in progress at once.', 'text')
            '--jobs' = @('Jobs in progress at once.', 'text')
            '--resume' = @('Skip finished jobs and resume unfinished ones.', '')
            '--update' = @('As --resume, and redo jobs that have changed.', '')
            '--fail-fast' = @('Stop submitting after the first failure.', '')
            '--max-jobs' = @('Refuse to submit more jobs than N.', 'text')
            '--yes' = @('Submit more than 50 jobs without confirmation.', '')
            '--shard' = @('Process the K-th of N equal parts of the list.', 'text')
            '--share' = @('Do not fetch what other machines have saved.', '')
            '--report' = @('Write an HTML report: before, after, failures.', 'file')
            '--record' = @('Write a line for each saved file; use what it knows.', 'file')
            '-o' = @('Save to a file, DIR/ or template (- for stdout).', 'file')
            '--output' = @('Save to a file, DIR/ or template (- for stdout).', 'file')
            '--overwrite' = @('Replace existing files.', '')
            '--skip-existing' = @('Skip jobs whose output exists.', '')
            '--open' = @('Open the result in the system''s viewer.', '')
            '--preview' = @('Draw before and after in the terminal.', '')
            '--github-output' = @('Set job_id, files and image_urls as step outputs.', '')
            '--timeout' = @('Maximum wait: 90s, 10m, 1h; 0 = none.', 'text')
            '--poll-interval' = @('Poll interval (default: adaptive).', 'text')
            '--wait' = @('Wait, or print the job id at once.', '')
            '--no-wait' = @('Wait, or print the job id at once.', '')
            '--dry-run' = @('Check everything, print the request, send nothing.', '')
            '--new' = @('Submit a new job; do not resume an unfinished one.', '')
            '--budget' = @('Spending limit; the smallest limit applies.', 'text')
            '--profile' = @('Profile of the config file to use.', 'profile')
            '--base-url' = @('URL of another service with the same API.', 'text')
            '--sandbox' = @('Use the local sandbox: no key, no cost.', '')
            '--json' = @('Print JSON, one object per line; errors too.', '')
            '--format' = @('Format. Or a ''{template}''.', 'words text json csv')
            '--quiet' = @('Print errors only.', '')
            '--verbose' = @('Print more on stderr.', '')
            '--debug' = @('Log HTTP requests, with secrets blanked.', '')
            '--scale' = @('Long side: 1024, 2048 or 4096 pixels.', 'words 1K 2K 4K')
            '-h' = @('Show this help.', '')
            '--help' = @('Show this help.', '')
        }
        Arguments = @('file')
        Repeats = $true
    }
    'split-layer' = @{
        Commands = [ordered]@{
        }
        Options = [ordered]@{
            '--from' = @('File with one path per line (- for stdin).', 'file')
            '--recursive' = @('Search subfolders.', '')
            '--manifest' = @('JSON Lines or CSV, one job per line (- for stdin).', 'file')
            '-j' = @('Jobs in progress at once.', 'text')
            '--jobs' = @('Jobs in progress at once.', 'text')
            '--resume' = @('Skip finished jobs and resume unfinished ones.', '')
            '--update' = @('As --resume, and redo jobs that have changed.', '')
            '--fail-fast' = @('Stop submitting after the first failure.', '')
            '--max-jobs' = @('Refuse to submit more jobs than N.', 'text')
            '--yes' = @('Submit more than 50 jobs without confirmation.', '')
            '--shard' = @('Process the K-th of N equal parts of the list.', 'text')
            '--share' = @('Do not fetch what other machines have saved.', '')
            '--report' = @('Write an HTML report: before, after, failures.', 'file')
            '--record' = @('Write a line for each saved file; use what it knows.', 'file')
            '-o' = @('Save to a file, DIR/ or template (- for stdout).', 'file')
            '--output' = @('Save to a file, DIR/ or template (- for stdout).', 'file')
            '--overwrite' = @('Replace existing files.', '')
            '--skip-existing' = @('Skip jobs whose output exists.', '')
            '--open' = @('Open the result in the system''s viewer.', '')
            '--preview' = @('Draw before and after in the terminal.', '')
            '--github-output' = @('Set job_id, files and image_urls as step outputs.', '')
            '--timeout' = @('Maximum wait: 90s, 10m, 1h; 0 = none.', 'text')
            '--poll-interval' = @('Poll interval (default: adaptive).', 'text')
            '--wait' = @('Wait, or print the job id at once.', '')
            '--no-wait' = @('Wait, or print the job id at once.', '')
            '--dry-run' = @('Check everything, print the request, send nothing.', '')
            '--new' = @('Submit a new job; do not resume an unfinished one.', '')
            '--budget' = @('Spending limit; the smallest limit applies.', 'text')
            '--profile' = @('Profile of the config file to use.', 'profile')
            '--base-url' = @('URL of another service with the same API.', 'text')
            '--sandbox' = @('Use the local sandbox: no key, no cost.', '')
            '--json' = @('Print JSON, one object per line; errors too.', '')
            '--format' = @('Format. Or a ''{template}''.', 'words text json csv')
            '--quiet' = @('Print errors only.', '')
            '--verbose' = @('Print more on stderr.', '')
            '--debug' = @('Log HTTP requests, with secrets blanked.', '')
            '-k' = @('Element to separate, such as arm; @FILE reads it.', 'text')
            '--keyword' = @('Element to separate, such as arm; @FILE reads it.', 'text')
            '-h' = @('Show this help.', '')
            '--help' = @('Show this help.', '')
        }
        Arguments = @('file')
        Repeats = $true
    }
    'generate' = @{
        Commands = [ordered]@{
        }
        Options = [ordered]@{
            '--manifest' = @('JSON Lines or CSV, one job per line (- for stdin).', 'file')
            '-j' = @('Jobs in progress at once.', 'text')
            '--jobs' = @('Jobs in progress at once.', 'text')
            '--resume' = @('Skip finished jobs and resume unfinished ones.', '')
            '--update' = @('As --resume, and redo jobs that have changed.', '')
            '--fail-fast' = @('Stop submitting after the first failure.', '')
            '--max-jobs' = @('Refuse to submit more jobs than N.', 'text')
            '--yes' = @('Submit more than 50 jobs without confirmation.', '')
            '--shard' = @('Process the K-th of N equal parts of the list.', 'text')
            '--share' = @('Do not fetch what other machines have saved.', '')
            '--report' = @('Write an HTML report: before, after, failures.', 'file')
            '--record' = @('Write a line for each saved file; use what it knows.', 'file')
            '-o' = @('Save to a file, DIR/ or template (- for stdout).', 'file')
            '--output' = @('Save to a file, DIR/ or template (- for stdout).', 'file')
            '--overwrite' = @('Replace existing files.', '')
            '--skip-existing' = @('Skip jobs whose output exists.', '')
            '--open' = @('Open the result in the system''s viewer.', '')
            '--preview' = @('Draw before and after in the terminal.', '')
            '--github-output' = @('Set job_id, files and image_urls as step outputs.', '')
            '--timeout' = @('Maximum wait: 90s, 10m, 1h; 0 = none.', 'text')
            '--poll-interval' = @('Poll interval (default: adaptive).', 'text')
            '--wait' = @('Wait, or print the job id at once.', '')
            '--no-wait' = @('Wait, or print the job id at once.', '')
            '--dry-run' = @('Check everything, print the request, send nothing.', '')
            '--new' = @('Submit a new job; do not resume an unfinished one.', '')
            '--budget' = @('Spending limit; the smallest limit applies.', 'text')
            '--profile' = @('Profile of the config file to use.', 'profile')
            '--base-url' = @('URL of another service with the same API.', 'text')
            '--sandbox' = @('Use the local sandbox: no key, no cost.', '')
            '--json' = @('Print JSON, one object per line; errors too.', '')
            '--format' = @('Format. Or a ''{template}''.', 'words text json csv')
            '--quiet' = @('Print errors only.', '')
            '--verbose' = @('Print more on stderr.', '')
            '--debug' = @('Log HTTP requests, with secrets blanked.', '')
            '--model' = @('AI model.', 'words gpt-image-1.5 gpt-image-2 grok-imagine grok-imagine-pro nano-banana nano-banana-2 nano-banana-pro')
            '-p' = @('What to draw; @FILE or @- reads it.', 'text')
            '--prompt' = @('What to draw; @FILE or @- reads it.', 'text')
            '--ref' = @('Reference image; repeatable.', 'file')
            '-h' = @('Show this help.', '')
            '--help' = @('Show this help.', '')
        }
        Arguments = @()
        Repeats = $false
    }
    'effect' = @{
        Commands = [ordered]@{
        }
        Options = [ordered]@{
            '--manifest' = @('JSON Lines or CSV, one job per line (- for stdin).', 'file')
            '-j' = @('Jobs in progress at once.', 'text')
            '--jobs' = @('Jobs in progress at once.', 'text')
            '--resume' = @('Skip finished jobs and resume unfinished ones.', '')
            '--update' = @('As --resume, and redo jobs that have changed.', '')
            '--fail-fast' = @('Stop submitting after the first failure.', '')
            '--max-jobs' = @('Refuse to submit more jobs than N.', 'text')
            '--yes' = @('Submit more than 50 jobs without confirmation.', '')
            '--shard' = @('Process the K-th of N equal parts of the list.', 'text')
            '--share' = @('Do not fetch what other machines have saved.', '')
            '--report' = @('Write an HTML report: before, after, failures.', 'file')
            '--record' = @('Write a line for each saved file; use what it knows.', 'file')
            '-o' = @('Save to a file, DIR/ or template (- for stdout).', 'file')
            '--output' = @('Save to a file, DIR/ or template (- for stdout).', 'file')
            '--overwrite' = @('Replace existing files.', '')
            '--skip-existing' = @('Skip jobs whose output exists.', '')
            '--open' = @('Open the result in the system''s viewer.', '')
            '--preview' = @('Draw before and after in the terminal.', '')
            '--github-output' = @('Set job_id, files and image_urls as step outputs.', '')
            '--timeout' = @('Maximum wait: 90s, 10m, 1h; 0 = none.', 'text')
            '--poll-interval' = @('Poll interval (default: adaptive).', 'text')
            '--wait' = @('Wait, or print the job id at once.', '')
            '--no-wait' = @('Wait, or print the job id at once.', '')
            '--dry-run' = @('Check everything, print the request, send nothing.', '')
            '--new' = @('Submit a new job; do not resume an unfinished one.', '')
            '--budget' = @('Spending limit; the smallest limit applies.', 'text')
            '--profile' = @('Profile of the config file to use.', 'profile')
            '--base-url' = @('URL of another service with the same API.', 'text')
            '--sandbox' = @('Use the local sandbox: no key, no cost.', '')
            '--json' = @('Print JSON, one object per line; errors too.', '')
            '--format' = @('Format. Or a ''{template}''.', 'words text json csv')
            '--quiet' = @('Print errors only.', '')
            '--verbose' = @('Print more on stderr.', '')
            '--debug' = @('Log HTTP requests, with secrets blanked.', '')
            '-p' = @('Effect to draw; @FILE or @- reads it.', 'text')
            '--prompt' = @('Effect to draw; @FILE or @- reads it.', 'text')
            '--image' = @('Reference image: a file, a URL, or - for stdin.', 'file')
            '--resolution' = @('Size of the long side (version 1).', 'words 1K 2K 4K')
            '--frames' = @('Number of frames (version 2).', 'words 4 9 16')
            '-q' = @('Quality (version 2).', 'words standard pro')
            '--quality' = @('Quality (version 2).', 'words standard pro')
            '--api-version' = @('Version of the operation.', 'words 1 2')
            '-h' = @('Show this help.', '')
            '--help' = @('Show this help.', '')
        }
        Arguments = @()
        Repeats = $false
    }
    'sprite' = @{
        Commands = [ordered]@{
            'make' = 'Animate an image as a prompt describes: frames, and a GIF of them.'
            'reskin' = 'Restyle a sprite.'
            'overlay' = 'Overlay characters on the rows of a sprite sheet.'
        }
        Options = [ordered]@{
            '-h' = @('Show this help.', '')
            '--help' = @('Show this help.', '')
        }
        Arguments = @()
        Repeats = $false
    }
    'sprite make' = @{
        Commands = [ordered]@{
        }
        Options = [ordered]@{
            '--from' = @('File with one path per line (- for stdin).', 'file')
            '--recursive' = @('Search subfolders.', '')
            '--manifest' = @('JSON Lines or CSV, one job per line (- for stdin).', 'file')
            '-j' = @('Jobs in progress at once.', 'text')
            '--jobs' = @('Jobs in progress at once.', 'text')
            '--resume' = @('Skip finished jobs and resume unfinished ones.', '')
            '--update' = @('As --resume, and redo jobs that have changed.', '')
            '--fail-fast' = @('Stop submitting after the first failure.', '')
            '--max-jobs' = @('Refuse to submit more jobs than N.', 'text')
            '--yes' = @('Submit more than 50 jobs without confirmation.', '')
            '--shard' = @('Process the K-th of N equal parts of the list.', 'text')
            '--share' = @('Do not fetch what other machines have saved.', '')
            '--report' = @('Write an HTML report: before, after, failures.', 'file')
            '--record' = @('Write a line for each saved file; use what it knows.', 'file')
            '-o' = @('Save to a file, DIR/ or template (- for stdout).', 'file')
            '--output' = @('Save to a file, DIR/ or template (- for stdout).', 'file')
            '--overwrite' = @('Replace existing files.', '')
            '--skip-existing' = @('Skip jobs whose output exists.', '')
            '--open' = @('Open the result in the system''s viewer.', '')
            '--preview' = @('Draw before and after in the terminal.', '')
            '--github-output' = @('Set job_id, files and image_urls as step outputs.', '')
            '--timeout' = @('Maximum wait: 90s, 10m, 1h; 0 = none.', 'text')
            '--poll-interval' = @('Poll interval (default: adaptive).', 'text')
            '--wait' = @('Wait, or print the job id at once.', '')
            '--no-wait' = @('Wait, or print the job id at once.', '')
            '--dry-run' = @('Check everything, print the request, send nothing.', '')
            '--new' = @('Submit a new job; do not resume an unfinished one.', '')
            '--budget' = @('Spending limit; the smallest limit applies.', 'text')
            '--profile' = @('Profile of the config file to use.', 'profile')
            '--base-url' = @('URL of another service with the same API.', 'text')
            '--sandbox' = @('Use the local sandbox: no key, no cost.', '')
            '--json' = @('Print JSON, one object per line; errors too.', '')
            '--format' = @('Format. Or a ''{template}''.', 'words text json csv')
            '--quiet' = @('Print errors only.', '')
            '--verbose' = @('Print more on stderr.', '')
            '--debug' = @('Log HTTP requests, with secrets blanked.', '')
            '-p' = @('How it moves; @FILE or @- reads it.', 'text')
            '--prompt' = @('How it moves; @FILE or @- reads it.', 'text')
            '--to' = @('Last image of the animation (version 2).', 'file')
            '--frames' = @('Number of frames.', 'text')
            '--pixel' = @('Draw pixel art.', '')
            '--no-pixel' = @('Draw pixel art.', '')
            '--api-version' = @('Version of the operation.', 'words 1 2')
            '-h' = @('Show this help.', '')
            '--help' = @('Show this help.', '')
        }
        Arguments = @('file')
        Repeats = $true
    }
    'sprite reskin' = @{
        Commands = [ordered]@{
        }
        Options = [ordered]@{
            '--from' = @('File with one path per line (- for stdin).', 'file')
            '--recursive' = @('Search subfolders.', '')
            '--manifest' = @('JSON Lines or CSV, one job per line (- for stdin).', 'file')
            '-j' = @('Jobs in progress at once.', 'text')
            '--jobs' = @('Jobs in progress at once.', 'text')
            '--resume' = @('Skip finished jobs and resume unfinished ones.', '')
            '--update' = @('As --resume, and redo jobs that have changed.', '')
            '--fail-fast' = @('Stop submitting after the first failure.', '')
            '--max-jobs' = @('Refuse to submit more jobs than N.', 'text')
            '--yes' = @('Submit more than 50 jobs without confirmation.', '')
            '--shard' = @('Process the K-th of N equal parts of the list.', 'text')
            '--share' = @('Do not fetch what other machines have saved.', '')
            '--report' = @('Write an HTML report: before, after, failures.', 'file')
            '--record' = @('Write a line for each saved file; use what it knows.', 'file')
            '-o' = @('Save to a file, DIR/ or template (- for stdout).', 'file')
            '--output' = @('Save to a file, DIR/ or template (- for stdout).', 'file')
            '--overwrite' = @('Replace existing files.', '')
            '--skip-existing' = @('Skip jobs whose output exists.', '')
            '--open' = @('Open the result in the system''s viewer.', '')
            '--preview' = @('Draw before and after in the terminal.', '')
            '--github-output' = @('Set job_id, files and image_urls as step outputs.', '')
            '--timeout' = @('Maximum wait: 90s, 10m, 1h; 0 = none.', 'text')
            '--poll-interval' = @('Poll interval (default: adaptive).', 'text')
            '--wait' = @('Wait, or print the job id at once.', '')
            '--no-wait' = @('Wait, or print the job id at once.', '')
            '--dry-run' = @('Check everything, print the request, send nothing.', '')
            '--new' = @('Submit a new job; do not resume an unfinished one.', '')
            '--budget' = @('Spending limit; the smallest limit applies.', 'text')
            '--profile' = @('Profile of the config file to use.', 'profile')
            '--base-url' = @('URL of another service with the same API.', 'text')
            '--sandbox' = @('Use the local sandbox: no key, no cost.', '')
            '--json' = @('Print JSON, one object per line; errors too.', '')
            '--format' = @('Format. Or a ''{template}''.', 'words text json csv')
            '--quiet' = @('Print errors only.', '')
            '--verbose' = @('Print more on stderr.', '')
            '--debug' = @('Log HTTP requests, with secrets blanked.', '')
            '-p' = @('New look; @FILE or @- reads it.', 'text')
            '--prompt' = @('New look; @FILE or @- reads it.', 'text')
            '--style' = @('Drawing style.', 'words pixel cartoon sd quarter-view')
            '--resolution' = @('Size of the long side (version 1).', 'words 1K 2K 4K')
            '-q' = @('Quality (version 2).', 'words standard pro')
            '--quality' = @('Quality (version 2).', 'words standard pro')
            '--api-version' = @('Version of the operation.', 'words 1 2')
            '-h' = @('Show this help.', '')
            '--help' = @('Show this help.', '')
        }
        Arguments = @('file')
        Repeats = $true
    }
    'sprite overlay' = @{
        Commands = [ordered]@{
        }
        Options = [ordered]@{
            '--rows' = @('What each row of the sheet shows, as JSON.', 'text')
            '-o' = @('Save to a file, DIR/ or template (- for stdout).', 'file')
            '--output' = @('Save to a file, DIR/ or template (- for stdout).', 'file')
            '--overwrite' = @('Replace existing files.', '')
            '--skip-existing' = @('Skip jobs whose output exists.', '')
            '--open' = @('Open the result in the system''s viewer.', '')
            '--preview' = @('Draw before and after in the terminal.', '')
            '--github-output' = @('Set job_id, files and image_urls as step outputs.', '')
            '--timeout' = @('Maximum wait: 90s, 10m, 1h; 0 = none.', 'text')
            '--poll-interval' = @('Poll interval (default: adaptive).', 'text')
            '--wait' = @('Wait, or print the job id at once.', '')
            '--no-wait' = @('Wait, or print the job id at once.', '')
            '--dry-run' = @('Check everything, print the request, send nothing.', '')
            '--new' = @('Submit a new job; do not resume an unfinished one.', '')
            '--budget' = @('Spending limit; the smallest limit applies.', 'text')
            '--profile' = @('Profile of the config file to use.', 'profile')
            '--base-url' = @('URL of another service with the same API.', 'text')
            '--sandbox' = @('Use the local sandbox: no key, no cost.', '')
            '--json' = @('Print JSON, one object per line; errors too.', '')
            '--format' = @('Format. Or a ''{template}''.', 'words text json csv')
            '--quiet' = @('Print errors only.', '')
            '--verbose' = @('Print more on stderr.', '')
            '--debug' = @('Log HTTP requests, with secrets blanked.', '')
            '--style' = @('Drawing style.', 'words pixel cartoon sd quarter-view')
            '--resolution' = @('Size of the long side (version 1).', 'words 1K 2K 4K')
            '-q' = @('Quality (version 2).', 'words standard pro')
            '--quality' = @('Quality (version 2).', 'words standard pro')
            '--api-version' = @('Version of the operation.', 'words 1 2')
            '-h' = @('Show this help.', '')
            '--help' = @('Show this help.', '')
        }
        Arguments = @('file', 'file')
        Repeats = $true
    }
    'build' = @{
        Commands = [ordered]@{
        }
        Options = [ordered]@{
            '--only' = @('Build assets whose out matches, and what they need; repeatable.', 'text')
            '--init' = @('Write an example of a list, and do nothing else.', '')
            '-j' = @('Jobs in progress at once.', 'text')
            '--jobs' = @('Jobs in progress at once.', 'text')
            '--fail-fast' = @('Stop submitting after the first failure.', '')
            '--max-jobs' = @('Refuse to submit more jobs than N.', 'text')
            '--yes' = @('Submit more than 50 jobs without confirmation.', '')
            '--share' = @('Do not fetch what other machines have saved.', '')
            '--report' = @('Write an HTML report: before, after, failures.', 'file')
            '--record' = @('Write a line for each saved file; use what it knows.', 'file')
            '--overwrite' = @('Replace files made or edited by hand, too.', '')
            '--github-output' = @('Set job_id, files and image_urls as step outputs.', '')
            '--timeout' = @('Maximum wait: 90s, 10m, 1h; 0 = none.', 'text')
            '--poll-interval' = @('Poll interval (default: adaptive).', 'text')
            '--dry-run' = @('Print what each asset needs, send nothing.', '')
            '--new' = @('Submit again where an answer or a result was lost.', '')
            '--budget' = @('Spending limit; the smallest limit applies.', 'text')
            '--profile' = @('Profile of the config file to use.', 'profile')
            '--base-url' = @('URL of another service with the same API.', 'text')
            '--sandbox' = @('Use the local sandbox: no key, no cost.', '')
            '--json' = @('Print JSON, one object per line; errors too.', '')
            '--format' = @('Format. Or a ''{template}''.', 'words text json csv')
            '--quiet' = @('Print errors only.', '')
            '--verbose' = @('Print more on stderr.', '')
            '--debug' = @('Log HTTP requests, with secrets blanked.', '')
            '-h' = @('Show this help.', '')
            '--help' = @('Show this help.', '')
        }
        Arguments = @('file')
        Repeats = $false
    }
    'job' = @{
        Commands = [ordered]@{
            'status' = 'Check jobs once, without waiting.'
            'wait' = 'Wait for jobs, and save their results with -o.'
            'list' = 'List the jobs submitted from this machine, newest first.'
            'show' = 'Show which job made a file: prompt, inputs, options, price.'
            'verify' = 'Check that recorded files are as they were saved.'
            'export' = 'Print the journal as JSON Lines, for another machine.'
            'import' = 'Merge an exported journal into this one.'
            'prune' = 'Forget settled jobs that have not changed since a date.'
        }
        Options = [ordered]@{
            '-h' = @('Show this help.', '')
            '--help' = @('Show this help.', '')
        }
        Arguments = @()
        Repeats = $false
    }
    'job status' = @{
        Commands = [ordered]@{
        }
        Options = [ordered]@{
            '--profile' = @('Profile of the config file to use.', 'profile')
            '--base-url' = @('URL of another service with the same API.', 'text')
            '--sandbox' = @('Use the local sandbox: no key, no cost.', '')
            '--json' = @('Print JSON, one object per line; errors too.', '')
            '--format' = @('Format. Or a ''{template}''.', 'words text json csv')
            '--quiet' = @('Print errors only.', '')
            '--verbose' = @('Print more on stderr.', '')
            '--debug' = @('Log HTTP requests, with secrets blanked.', '')
            '--timeout' = @('Maximum wait: 90s, 10m, 1h; 0 = none.', 'text')
            '-h' = @('Show this help.', '')
            '--help' = @('Show this help.', '')
        }
        Arguments = @('job')
        Repeats = $true
    }
    'job wait' = @{
        Commands = [ordered]@{
        }
        Options = [ordered]@{
            '-o' = @('Save to a file, DIR/ or template (- for stdout).', 'file')
            '--output' = @('Save to a file, DIR/ or template (- for stdout).', 'file')
            '--overwrite' = @('Replace existing files.', '')
            '--skip-existing' = @('Skip jobs whose output exists.', '')
            '--open' = @('Open the result in the system''s viewer.', '')
            '--preview' = @('Draw before and after in the terminal.', '')
            '--github-output' = @('Set job_id, files and image_urls as step outputs.', '')
            '--timeout' = @('Maximum wait: 90s, 10m, 1h; 0 = none.', 'text')
            '--poll-interval' = @('Poll interval (default: adaptive).', 'text')
            '--profile' = @('Profile of the config file to use.', 'profile')
            '--base-url' = @('URL of another service with the same API.', 'text')
            '--sandbox' = @('Use the local sandbox: no key, no cost.', '')
            '--json' = @('Print JSON, one object per line; errors too.', '')
            '--format' = @('Format. Or a ''{template}''.', 'words text json csv')
            '--quiet' = @('Print errors only.', '')
            '--verbose' = @('Print more on stderr.', '')
            '--debug' = @('Log HTTP requests, with secrets blanked.', '')
            '-h' = @('Show this help.', '')
            '--help' = @('Show this help.', '')
        }
        Arguments = @('job')
        Repeats = $true
    }
    'job list' = @{
        Commands = [ordered]@{
        }
        Options = [ordered]@{
            '--json' = @('Print JSON, one object per line; errors too.', '')
            '--format' = @('Format. Or a ''{template}''.', 'words text json csv')
            '--quiet' = @('Print errors only.', '')
            '--verbose' = @('Print more on stderr.', '')
            '--debug' = @('Log HTTP requests, with secrets blanked.', '')
            '--pending' = @('Only unfinished jobs.', '')
            '--failed' = @('Only jobs that failed.', '')
            '--search' = @('Only jobs that mention TEXT.', 'text')
            '--limit' = @('Number of jobs to list.', 'text')
            '-h' = @('Show this help.', '')
            '--help' = @('Show this help.', '')
        }
        Arguments = @()
        Repeats = $false
    }
    'job show' = @{
        Commands = [ordered]@{
        }
        Options = [ordered]@{
            '--json' = @('Print JSON, one object per line; errors too.', '')
            '--format' = @('Format. Or a ''{template}''.', 'words text json csv')
            '--quiet' = @('Print errors only.', '')
            '--verbose' = @('Print more on stderr.', '')
            '--debug' = @('Log HTTP requests, with secrets blanked.', '')
            '-h' = @('Show this help.', '')
            '--help' = @('Show this help.', '')
        }
        Arguments = @('file')
        Repeats = $false
    }
    'job verify' = @{
        Commands = [ordered]@{
        }
        Options = [ordered]@{
            '--json' = @('Print JSON, one object per line; errors too.', '')
            '--format' = @('Format. Or a ''{template}''.', 'words text json csv')
            '--quiet' = @('Print errors only.', '')
            '--verbose' = @('Print more on stderr.', '')
            '--debug' = @('Log HTTP requests, with secrets blanked.', '')
            '-h' = @('Show this help.', '')
            '--help' = @('Show this help.', '')
        }
        Arguments = @('file')
        Repeats = $false
    }
    'job export' = @{
        Commands = [ordered]@{
        }
        Options = [ordered]@{
            '--json' = @('Print JSON, one object per line; errors too.', '')
            '--format' = @('Format. Or a ''{template}''.', 'words text json csv')
            '--quiet' = @('Print errors only.', '')
            '--verbose' = @('Print more on stderr.', '')
            '--debug' = @('Log HTTP requests, with secrets blanked.', '')
            '-h' = @('Show this help.', '')
            '--help' = @('Show this help.', '')
        }
        Arguments = @()
        Repeats = $false
    }
    'job import' = @{
        Commands = [ordered]@{
        }
        Options = [ordered]@{
            '--json' = @('Print JSON, one object per line; errors too.', '')
            '--format' = @('Format. Or a ''{template}''.', 'words text json csv')
            '--quiet' = @('Print errors only.', '')
            '--verbose' = @('Print more on stderr.', '')
            '--debug' = @('Log HTTP requests, with secrets blanked.', '')
            '-h' = @('Show this help.', '')
            '--help' = @('Show this help.', '')
        }
        Arguments = @('file')
        Repeats = $false
    }
    'job prune' = @{
        Commands = [ordered]@{
        }
        Options = [ordered]@{
            '--json' = @('Print JSON, one object per line; errors too.', '')
            '--format' = @('Format. Or a ''{template}''.', 'words text json csv')
            '--quiet' = @('Print errors only.', '')
            '--verbose' = @('Print more on stderr.', '')
            '--debug' = @('Log HTTP requests, with secrets blanked.', '')
            '--before' = @('2026-01-31 (UTC), or an age such as 30d or 12h.', 'text')
            '-h' = @('Show this help.', '')
            '--help' = @('Show this help.', '')
        }
        Arguments = @()
        Repeats = $false
    }
    'usage' = @{
        Commands = [ordered]@{
        }
        Options = [ordered]@{
            '--json' = @('Print JSON, one object per line; errors too.', '')
            '--format' = @('Format. Or a ''{template}''.', 'words text json csv')
            '--quiet' = @('Print errors only.', '')
            '--verbose' = @('Print more on stderr.', '')
            '--debug' = @('Log HTTP requests, with secrets blanked.', '')
            '--since' = @('First day (UTC), or age: 7d.', 'text')
            '--until' = @('Last day.', 'text')
            '--by' = @('How to group the jobs.', 'words day operation quality profile')
            '-h' = @('Show this help.', '')
            '--help' = @('Show this help.', '')
        }
        Arguments = @()
        Repeats = $false
    }
    'auth' = @{
        Commands = [ordered]@{
            'login' = 'Store an API key, in the profile that is named; a new profile is made.'
            'status' = 'Show the current key, where it comes from, and whether the service accepts it.'
            'logout' = 'Remove the stored API key from the config file, and from the system''s keyring.'
        }
        Options = [ordered]@{
            '-h' = @('Show this help.', '')
            '--help' = @('Show this help.', '')
        }
        Arguments = @()
        Repeats = $false
    }
    'auth login' = @{
        Commands = [ordered]@{
        }
        Options = [ordered]@{
            '--profile' = @('Profile of the config file to use.', 'profile')
            '--base-url' = @('URL of another service with the same API.', 'text')
            '--sandbox' = @('Use the local sandbox: no key, no cost.', '')
            '--json' = @('Print JSON, one object per line; errors too.', '')
            '--format' = @('Format. Or a ''{template}''.', 'words text json csv')
            '--quiet' = @('Print errors only.', '')
            '--verbose' = @('Print more on stderr.', '')
            '--debug' = @('Log HTTP requests, with secrets blanked.', '')
            '--with-token' = @('Read the key from stdin.', '')
            '--verify' = @('Ask the service first.', '')
            '--no-verify' = @('Ask the service first.', '')
            '--keyring' = @('Store the key in the system''s keyring.', '')
            '-h' = @('Show this help.', '')
            '--help' = @('Show this help.', '')
        }
        Arguments = @()
        Repeats = $false
    }
    'auth status' = @{
        Commands = [ordered]@{
        }
        Options = [ordered]@{
            '--profile' = @('Profile of the config file to use.', 'profile')
            '--base-url' = @('URL of another service with the same API.', 'text')
            '--sandbox' = @('Use the local sandbox: no key, no cost.', '')
            '--json' = @('Print JSON, one object per line; errors too.', '')
            '--format' = @('Format. Or a ''{template}''.', 'words text json csv')
            '--quiet' = @('Print errors only.', '')
            '--verbose' = @('Print more on stderr.', '')
            '--debug' = @('Log HTTP requests, with secrets blanked.', '')
            '--offline' = @('Do not contact the service.', '')
            '-h' = @('Show this help.', '')
            '--help' = @('Show this help.', '')
        }
        Arguments = @()
        Repeats = $false
    }
    'auth logout' = @{
        Commands = [ordered]@{
        }
        Options = [ordered]@{
            '--profile' = @('Profile of the config file to use.', 'profile')
            '--base-url' = @('URL of another service with the same API.', 'text')
            '--sandbox' = @('Use the local sandbox: no key, no cost.', '')
            '--json' = @('Print JSON, one object per line; errors too.', '')
            '--format' = @('Format. Or a ''{template}''.', 'words text json csv')
            '--quiet' = @('Print errors only.', '')
            '--verbose' = @('Print more on stderr.', '')
            '--debug' = @('Log HTTP requests, with secrets blanked.', '')
            '-h' = @('Show this help.', '')
            '--help' = @('Show this help.', '')
        }
        Arguments = @()
        Repeats = $false
    }
    'config' = @{
        Commands = [ordered]@{
            'list' = 'Show every setting, its value, and where it comes from.'
            'get' = 'Print one setting''s value.'
            'set' = 'Store a setting in a profile, or choose the default profile.'
            'unset' = 'Remove a setting from a profile; the default applies again.'
            'path' = 'Print the path of the config file, whether it exists or not.'
        }
        Options = [ordered]@{
            '-h' = @('Show this help.', '')
            '--help' = @('Show this help.', '')
        }
        Arguments = @()
        Repeats = $false
    }
    'config list' = @{
        Commands = [ordered]@{
        }
        Options = [ordered]@{
            '--json' = @('Print JSON, one object per line; errors too.', '')
            '--format' = @('Format. Or a ''{template}''.', 'words text json csv')
            '--quiet' = @('Print errors only.', '')
            '--verbose' = @('Print more on stderr.', '')
            '--debug' = @('Log HTTP requests, with secrets blanked.', '')
            '--profile' = @('Profile to read or change.', 'profile')
            '-h' = @('Show this help.', '')
            '--help' = @('Show this help.', '')
        }
        Arguments = @()
        Repeats = $false
    }
    'config get' = @{
        Commands = [ordered]@{
        }
        Options = [ordered]@{
            '--json' = @('Print JSON, one object per line; errors too.', '')
            '--format' = @('Format. Or a ''{template}''.', 'words text json csv')
            '--quiet' = @('Print errors only.', '')
            '--verbose' = @('Print more on stderr.', '')
            '--debug' = @('Log HTTP requests, with secrets blanked.', '')
            '--profile' = @('Profile to read or change.', 'profile')
            '-h' = @('Show this help.', '')
            '--help' = @('Show this help.', '')
        }
        Arguments = @('words profile base_url quality timeout jobs output budget account journal dashboard api_key_command')
        Repeats = $false
    }
    'config set' = @{
        Commands = [ordered]@{
        }
        Options = [ordered]@{
            '--json' = @('Print JSON, one object per line; errors too.', '')
            '--format' = @('Format. Or a ''{template}''.', 'words text json csv')
            '--quiet' = @('Print errors only.', '')
            '--verbose' = @('Print more on stderr.', '')
            '--debug' = @('Log HTTP requests, with secrets blanked.', '')
            '--profile' = @('Profile to read or change.', 'profile')
            '-h' = @('Show this help.', '')
            '--help' = @('Show this help.', '')
        }
        Arguments = @('words profile base_url quality timeout jobs output budget account journal dashboard api_key_command', 'text')
        Repeats = $false
    }
    'config unset' = @{
        Commands = [ordered]@{
        }
        Options = [ordered]@{
            '--json' = @('Print JSON, one object per line; errors too.', '')
            '--format' = @('Format. Or a ''{template}''.', 'words text json csv')
            '--quiet' = @('Print errors only.', '')
            '--verbose' = @('Print more on stderr.', '')
            '--debug' = @('Log HTTP requests, with secrets blanked.', '')
            '--profile' = @('Profile to read or change.', 'profile')
            '-h' = @('Show this help.', '')
            '--help' = @('Show this help.', '')
        }
        Arguments = @('words profile base_url quality timeout jobs output budget account journal dashboard api_key_command')
        Repeats = $false
    }
    'config path' = @{
        Commands = [ordered]@{
        }
        Options = [ordered]@{
            '--json' = @('Print JSON, one object per line; errors too.', '')
            '--format' = @('Format. Or a ''{template}''.', 'words text json csv')
            '--quiet' = @('Print errors only.', '')
            '--verbose' = @('Print more on stderr.', '')
            '--debug' = @('Log HTTP requests, with secrets blanked.', '')
            '-h' = @('Show this help.', '')
            '--help' = @('Show this help.', '')
        }
        Arguments = @()
        Repeats = $false
    }
    'sandbox' = @{
        Commands = [ordered]@{
        }
        Options = [ordered]@{
            '--json' = @('Print JSON, one object per line; errors too.', '')
            '--format' = @('Format. Or a ''{template}''.', 'words text json csv')
            '--quiet' = @('Print errors only.', '')
            '--verbose' = @('Print more on stderr.', '')
            '--debug' = @('Log HTTP requests, with secrets blanked.', '')
            '--port' = @('Port to listen on; 0 picks a free one.', 'text')
            '--host' = @('Loopback address to listen on.', 'text')
            '--key' = @('Throwaway key to accept; repeatable.', 'text')
            '--state' = @('Folder that keeps jobs across restarts.', 'folder')
            '--engine' = @('Image engine, or a plug-in.', 'text')
            '--delay' = @('Seconds that each job stays Pending.', 'text')
            '--latency' = @('Seconds added to each response.', 'text')
            '--fail-jobs' = @('Fraction of jobs that fail.', 'text')
            '--status' = @('Status for a fraction of requests; repeatable.', 'text')
            '--retry-after' = @('Retry-After of a 429 or 503 from --status.', 'text')
            '--drop' = @('Fraction of connections dropped.', 'text')
            '--lose-answer' = @('Fraction of answers lost.', 'text')
            '--seed' = @('Seed for the injected faults.', 'text')
            '-h' = @('Show this help.', '')
            '--help' = @('Show this help.', '')
        }
        Arguments = @()
        Repeats = $false
    }
    'doctor' = @{
        Commands = [ordered]@{
        }
        Options = [ordered]@{
            '--profile' = @('Profile of the config file to use.', 'profile')
            '--base-url' = @('URL of another service with the same API.', 'text')
            '--sandbox' = @('Use the local sandbox: no key, no cost.', '')
            '--json' = @('Print JSON, one object per line; errors too.', '')
            '--format' = @('Format. Or a ''{template}''.', 'words text json csv')
            '--quiet' = @('Print errors only.', '')
            '--verbose' = @('Print more on stderr.', '')
            '--debug' = @('Log HTTP requests, with secrets blanked.', '')
            '--offline' = @('Do not contact the service.', '')
            '-h' = @('Show this help.', '')
            '--help' = @('Show this help.', '')
        }
        Arguments = @()
        Repeats = $false
    }
    'help' = @{
        Commands = [ordered]@{
            'inpaint' = 'Edit part of an image as a prompt describes.'
            'upscale' = 'Enlarge an image.'
            'split-layer' = 'Separate one element of an image into its own layer.'
            'generate' = 'Create an image from a prompt.'
            'effect' = 'Create a visual effect.'
            'sprite' = 'Animate images, restyle sprites, overlay characters.'
            'build' = 'Make what is missing or out of date in a list of assets.'
            'job' = 'Check, wait for, list and explain jobs.'
            'usage' = 'Show how many jobs were submitted, and what they cost.'
            'auth' = 'Sign in, sign out, and show the current key.'
            'config' = 'Show and change settings.'
            'sandbox' = 'Run a sandbox of the service on this machine: no key, no cost.'
            'doctor' = 'Check the setup, and say what to fix.'
            'help' = 'Show help on a command or topic.'
            'api' = 'Send any request to the service, and print the response.'
            'completion' = 'Print the completion script for a shell.'
            'skill' = 'Print instructions for AI assistants, or install them.'
            'exit-codes' = 'Exit codes.'
            'errors' = 'Error codes, as in error.code of --json.'
            'environment' = 'Environment variables and files.'
            'scripting' = 'How to call aeforge from scripts and pipelines.'
            'manifest' = 'How to list many jobs in a file.'
            'output' = 'Names of saved results, and formats of what is printed.'
        }
        Options = [ordered]@{
            '--json' = @('Print all help as one JSON object.', '')
            '-h' = @('Show this help.', '')
            '--help' = @('Show this help.', '')
        }
        Arguments = @()
        Repeats = $false
    }
    'help inpaint' = @{
        Commands = [ordered]@{
        }
        Options = [ordered]@{
        }
        Arguments = @()
        Repeats = $false
    }
    'help upscale' = @{
        Commands = [ordered]@{
        }
        Options = [ordered]@{
        }
        Arguments = @()
        Repeats = $false
    }
    'help split-layer' = @{
        Commands = [ordered]@{
        }
        Options = [ordered]@{
        }
        Arguments = @()
        Repeats = $false
    }
    'help generate' = @{
        Commands = [ordered]@{
        }
        Options = [ordered]@{
        }
        Arguments = @()
        Repeats = $false
    }
    'help effect' = @{
        Commands = [ordered]@{
        }
        Options = [ordered]@{
        }
        Arguments = @()
        Repeats = $false
    }
    'help sprite' = @{
        Commands = [ordered]@{
            'make' = 'Animate an image as a prompt describes: frames, and a GIF of them.'
            'reskin' = 'Restyle a sprite.'
            'overlay' = 'Overlay characters on the rows of a sprite sheet.'
        }
        Options = [ordered]@{
        }
        Arguments = @()
        Repeats = $false
    }
    'help sprite make' = @{
        Commands = [ordered]@{
        }
        Options = [ordered]@{
        }
        Arguments = @()
        Repeats = $false
    }
    'help sprite reskin' = @{
        Commands = [ordered]@{
        }
        Options = [ordered]@{
        }
        Arguments = @()
        Repeats = $false
    }
    'help sprite overlay' = @{
        Commands = [ordered]@{
        }
        Options = [ordered]@{
        }
        Arguments = @()
        Repeats = $false
    }
    'help build' = @{
        Commands = [ordered]@{
        }
        Options = [ordered]@{
        }
        Arguments = @()
        Repeats = $false
    }
    'help job' = @{
        Commands = [ordered]@{
            'status' = 'Check jobs once, without waiting.'
            'wait' = 'Wait for jobs, and save their results with -o.'
            'list' = 'List the jobs submitted from this machine, newest first.'
            'show' = 'Show which job made a file: prompt, inputs, options, price.'
            'verify' = 'Check that recorded files are as they were saved.'
            'export' = 'Print the journal as JSON Lines, for another machine.'
            'import' = 'Merge an exported journal into this one.'
            'prune' = 'Forget settled jobs that have not changed since a date.'
        }
        Options = [ordered]@{
        }
        Arguments = @()
        Repeats = $false
    }
    'help job status' = @{
        Commands = [ordered]@{
        }
        Options = [ordered]@{
        }
        Arguments = @()
        Repeats = $false
    }
    'help job wait' = @{
        Commands = [ordered]@{
        }
        Options = [ordered]@{
        }
        Arguments = @()
        Repeats = $false
    }
    'help job list' = @{
        Commands = [ordered]@{
        }
        Options = [ordered]@{
        }
        Arguments = @()
        Repeats = $false
    }
    'help job show' = @{
        Commands = [ordered]@{
        }
        Options = [ordered]@{
        }
        Arguments = @()
        Repeats = $false
    }
    'help job verify' = @{
        Commands = [ordered]@{
        }
        Options = [ordered]@{
        }
        Arguments = @()
        Repeats = $false
    }
    'help job export' = @{
        Commands = [ordered]@{
        }
        Options = [ordered]@{
        }
        Arguments = @()
        Repeats = $false
    }
    'help job import' = @{
        Commands = [ordered]@{
        }
        Options = [ordered]@{
        }
        Arguments = @()
        Repeats = $false
    }
    'help job prune' = @{
        Commands = [ordered]@{
        }
        Options = [ordered]@{
        }
        Arguments = @()
        Repeats = $false
    }
    'help usage' = @{
        Commands = [ordered]@{
        }
        Options = [ordered]@{
        }
        Arguments = @()
        Repeats = $false
    }
    'help auth' = @{
        Commands = [ordered]@{
            'login' = 'Store an API key, in the profile that is named; a new profile is made.'
            'status' = 'Show the current key, where it comes from, and whether the service accepts it.'
            'logout' = 'Remove the stored API key from the config file, and from the system''s keyring.'
        }
        Options = [ordered]@{
        }
        Arguments = @()
        Repeats = $false
    }
    'help auth login' = @{
        Commands = [ordered]@{
        }
        Options = [ordered]@{
        }
        Arguments = @()
        Repeats = $false
    }
    'help auth status' = @{
        Commands = [ordered]@{
        }
        Options = [ordered]@{
        }
        Arguments = @()
        Repeats = $false
    }
    'help auth logout' = @{
        Commands = [ordered]@{
        }
        Options = [ordered]@{
        }
        Arguments = @()
        Repeats = $false
    }
    'help config' = @{
        Commands = [ordered]@{
            'list' = 'Show every setting, its value, and where it comes from.'
            'get' = 'Print one setting''s value.'
            'set' = 'Store a setting in a profile, or choose the default profile.'
            'unset' = 'Remove a setting from a profile; the default applies again.'
            'path' = 'Print the path of the config file, whether it exists or not.'
        }
        Options = [ordered]@{
        }
        Arguments = @()
        Repeats = $false
    }
    'help config list' = @{
        Commands = [ordered]@{
        }
        Options = [ordered]@{
        }
        Arguments = @()
        Repeats = $false
    }
    'help config get' = @{
        Commands = [ordered]@{
        }
        Options = [ordered]@{
        }
        Arguments = @()
        Repeats = $false
    }
    'help config set' = @{
        Commands = [ordered]@{
        }
        Options = [ordered]@{
        }
        Arguments = @()
        Repeats = $false
    }
    'help config unset' = @{
        Commands = [ordered]@{
        }
        Options = [ordered]@{
        }
        Arguments = @()
        Repeats = $false
    }
    'help config path' = @{
        Commands = [ordered]@{
        }
        Options = [ordered]@{
        }
        Arguments = @()
        Repeats = $false
    }
    'help sandbox' = @{
        Commands = [ordered]@{
        }
        Options = [ordered]@{
        }
        Arguments = @()
        Repeats = $false
    }
    'help doctor' = @{
        Commands = [ordered]@{
        }
        Options = [ordered]@{
        }
        Arguments = @()
        Repeats = $false
    }
    'help help' = @{
        Commands = [ordered]@{
        }
        Options = [ordered]@{
        }
        Arguments = @()
        Repeats = $false
    }
    'help api' = @{
        Commands = [ordered]@{
        }
        Options = [ordered]@{
        }
        Arguments = @()
        Repeats = $false
    }
    'help completion' = @{
        Commands = [ordered]@{
        }
        Options = [ordered]@{
        }
        Arguments = @()
        Repeats = $false
    }
    'help skill' = @{
        Commands = [ordered]@{
        }
        Options = [ordered]@{
        }
        Arguments = @()
        Repeats = $false
    }
    'help exit-codes' = @{
        Commands = [ordered]@{
        }
        Options = [ordered]@{
        }
        Arguments = @()
        Repeats = $false
    }
    'help errors' = @{
        Commands = [ordered]@{
        }
        Options = [ordered]@{
        }
        Arguments = @()
        Repeats = $false
    }
    'help environment' = @{
        Commands = [ordered]@{
        }
        Options = [ordered]@{
        }
        Arguments = @()
        Repeats = $false
    }
    'help scripting' = @{
        Commands = [ordered]@{
        }
        Options = [ordered]@{
        }
        Arguments = @()
        Repeats = $false
    }
    'help manifest' = @{
        Commands = [ordered]@{
        }
        Options = [ordered]@{
        }
        Arguments = @()
        Repeats = $false
    }
    'help output' = @{
        Commands = [ordered]@{
        }
        Options = [ordered]@{
        }
        Arguments = @()
        Repeats = $false
    }
    'api' = @{
        Commands = [ordered]@{
        }
        Options = [ordered]@{
            '--profile' = @('Profile of the config file to use.', 'profile')
            '--base-url' = @('URL of another service with the same API.', 'text')
            '--sandbox' = @('Use the local sandbox: no key, no cost.', '')
            '--json' = @('Print JSON, one object per line; errors too.', '')
            '--format' = @('Format. Or a ''{template}''.', 'words text json csv')
            '--quiet' = @('Print errors only.', '')
            '--verbose' = @('Print more on stderr.', '')
            '--debug' = @('Log HTTP requests, with secrets blanked.', '')
            '-F' = @('Form field; @ attaches an image; repeatable.', 'text')
            '--field' = @('Form field; @ attaches an image; repeatable.', 'text')
            '--timeout' = @('Maximum wait: 90s, 10m, 1h; 0 = none.', 'text')
            '--new' = @('Send it even if the same request is unfinished.', '')
            '-h' = @('Show this help.', '')
            '--help' = @('Show this help.', '')
        }
        Arguments = @('words GET POST', 'text')
        Repeats = $false
    }
    'completion' = @{
        Commands = [ordered]@{
        }
        Options = [ordered]@{
            '-h' = @('Show this help.', '')
            '--help' = @('Show this help.', '')
        }
        Arguments = @('words bash zsh fish powershell')
        Repeats = $false
    }
    'skill' = @{
        Commands = [ordered]@{
        }
        Options = [ordered]@{
            '--json' = @('Print JSON, one object per line; errors too.', '')
            '--format' = @('Format. Or a ''{template}''.', 'words text json csv')
            '--quiet' = @('Print errors only.', '')
            '--verbose' = @('Print more on stderr.', '')
            '--debug' = @('Log HTTP requests, with secrets blanked.', '')
            '--install' = @('Write it to ~/.claude/skills/aeforge.', '')
            '--to' = @('Write it to a file, such as AGENTS.md.', 'file')
            '-h' = @('Show this help.', '')
            '--help' = @('Show this help.', '')
        }
        Arguments = @()
        Repeats = $false
    }
}

# The first of: a folder that is named, the one of XDG, and the system's own
function script:Get-AeforgeFolder([string]$Named, [string]$Xdg, [string]$Usual) {
    if ($Named) { return $Named }
    if ($Xdg) { return (Join-Path $Xdg 'aeforge') }
    if ($env:LOCALAPPDATA) { return (Join-Path $env:LOCALAPPDATA 'aeforge') }
    $mac = Join-Path $HOME 'Library/Application Support/aeforge'
    if (Test-Path $mac) { return $mac }
    return (Join-Path $HOME "$Usual/aeforge")
}

function script:Get-AeforgeJobs {
    '@last'
    $file = Join-Path (Get-AeforgeFolder $env:AEFORGE_STATE_DIR $env:XDG_STATE_HOME '.local/state') 'pending-jobs'
    if (Test-Path $file) { Get-Content $file | Where-Object { $_ } }
}

function script:Get-AeforgeProfiles {
    $file = Join-Path (Get-AeforgeFolder $env:AEFORGE_CONFIG_DIR $env:XDG_CONFIG_HOME '.config') 'config.toml'
    if (-not (Test-Path $file)) { return }
    foreach ($line in Get-Content $file) {
        if ($line -match '^\s*\[\s*profiles\s*\.\s*"?([A-Za-z0-9_-]+)"?\s*\]') { $Matches[1] }
    }
}

# The words offered for a value; none for files and folders, which PowerShell then offers itself
function script:Get-AeforgeValues([string]$Offer) {
    switch -Wildcard ($Offer) {
        'job' { Get-AeforgeJobs }
        'profile' { Get-AeforgeProfiles }
        'words *' { $Offer.Substring(6).Split(' ') }
    }
}

Register-ArgumentCompleter -Native -CommandName aeforge -ScriptBlock {
    param($wordToComplete, $commandAst, $cursorPosition)
    $path = ''
    $count = 0
    $expects = ''
    $ended = $false
    $elements = @($commandAst.CommandElements | Where-Object { $_.Extent.EndOffset -lt $cursorPosition })
    foreach ($element in ($elements | Select-Object -Skip 1)) {
        $word = $element.Extent.Text
        $here = $script:AeforgeCommands[$path]
        if ($expects) {
            $expects = ''
        } elseif (-not $ended -and $word -eq '--') {
            $ended = $true
        } elseif (-not $ended -and $word.StartsWith('-')) {
            if ($here.Options.Contains($word)) { $expects = $here.Options[$word][1] }
        } elseif ($here.Commands.Contains($word)) {
            $path = "$path $word".Trim()
        } else {
            $count++
        }
    }
    $here = $script:AeforgeCommands[$path]
    $word = "$wordToComplete"
    $found = [ordered]@{}
    if ($expects) {
        foreach ($value in Get-AeforgeValues $expects) { $found[$value] = $value }
    } elseif (-not $ended -and $word -match '^(--[^=]+)=') {
        $name = $Matches[1]
        if ($here.Options.Contains($name)) {
            foreach ($value in Get-AeforgeValues $here.Options[$name][1]) { $found["$name=$value"] = $value }
        }
    } elseif (-not $ended -and $word.StartsWith('-')) {
        foreach ($name in $here.Options.Keys) { $found[$name] = $here.Options[$name][0] }
    } elseif ($here.Commands.Count) {
        foreach ($name in $here.Commands.Keys) { $found[$name] = $here.Commands[$name] }
    } elseif ($here.Arguments.Count) {
        $number = $count
        if ($here.Repeats) { $number = [Math]::Min($count, $here.Arguments.Count - 1) }
        if ($number -lt $here.Arguments.Count) {
            foreach ($value in Get-AeforgeValues $here.Arguments[$number]) { $found[$value] = $value }
        }
    }
    foreach ($name in $found.Keys) {
        if ($name.StartsWith($word)) {
            [System.Management.Automation.CompletionResult]::new($name, $name, 'ParameterValue', $found[$name])
        }
    }
}
